'use strict';

const fs = require('node:fs/promises');
const path = require('node:path');
const { randomBytes } = require('node:crypto');

const express = require('express');

const database = require('../utils/database');
const { HttpError, invalid } = require('../utils/errors');
const handle = require('../utils/handle');
const images = require('../utils/images');
const input = require('../utils/input');
const pictures = require('../utils/pictures');
const session = require('../utils/session');
const storage = require('../utils/storage');

const MAX_BYTES = 12 * 1024 * 1024;
const PAGE_SIZE = 24;
const MAX_PAGE_SIZE = 100;

const router = express.Router();

function uploadFolder(app) {
  return path.resolve(__dirname, '..', app.locals.config.app.uploadFolder);
}

router.get('/images', handle((req) => {
  const { category, q, tag, page = '1', pageSize = String(PAGE_SIZE) } = req.query;
  return images.list(req.app.locals.dbpool, {
    category: category === undefined || category === '' ? null : input.whole(category, 'category'),
    words: input.text(q, 'q', { max: 100 }).split(/\s+/).filter(Boolean),
    tag: input.text(tag, 'tag', { max: 60 }),
    page: input.whole(page, 'page', { most: 100000 }),
    pageSize: input.whole(pageSize, 'pageSize', { most: MAX_PAGE_SIZE }),
  });
}));

router.get('/images/:id', handle((req) => images.find(req.app.locals.dbpool, input.whole(req.params.id, 'id'))));

router.get('/tags', handle((req) => images.tags(req.app.locals.dbpool)));

// Takes the file of a multipart form into the upload folder.
function receive(req, res, next) {
  const multer = require('multer');
  const folder = uploadFolder(req.app);
  const storageEngine = multer.diskStorage({
    destination: (request, file, done) => {
      fs.mkdir(folder, { recursive: true }).then(() => done(null, folder), done);
    },
    filename: (request, file, done) => done(null, `${randomBytes(12).toString('hex')}.part`),
  });
  const limits = { fileSize: MAX_BYTES, files: 1, fields: 12, fieldSize: 16 * 1024 };
  multer({ storage: storageEngine, limits }).single('photo')(req, res, (error) => {
    // A full disk and the like have a code; a form that breaks off has none.
    if (!error || (error.code && !(error instanceof multer.MulterError))) next(error);
    else if (error.code === 'LIMIT_FILE_SIZE') {
      next(new HttpError(413, 'too_large', `A photo may have ${MAX_BYTES / 1024 / 1024} MB at most.`, 'photo'));
    } else next(invalid(error.field || 'photo', 'The upload cannot be read.'));
  });
}

function read(body) {
  return {
    title: input.text(body.title, 'title', { max: 150, required: true }),
    description: input.text(body.description, 'description', { max: 2000 }),
    alt: input.text(body.alt, 'alt', { max: 300 }),
    categoryId: input.whole(body.categoryId, 'categoryId'),
    tags: input.tags(body.tags),
  };
}

router.post('/images', session.required, receive, handle(async (req, res) => {
  if (!req.file) throw invalid('photo', 'The form holds no file “photo”.');
  const { config, dbpool } = req.app.locals;
  const base = req.file.path.replace(/\.part$/, '');
  const photo = { path: `${base}.jpg` };
  const thumb = { path: `${base}_thumb.jpg` };
  try {
    const fields = read(req.body);
    await images.needCategory(dbpool, fields.categoryId);
    const size = await pictures.draw(req.file.path, photo.path, thumb.path);
    const stem = `${input.slug(fields.title)}-${randomBytes(4).toString('hex')}`;
    photo.name = `${stem}.jpg`;
    thumb.name = `${stem}_thumb.jpg`;
    await storage.put(config.aws, { [photo.name]: photo.path, [thumb.name]: thumb.path });
    try {
      const row = { ...fields, ...size, fileName: photo.name, thumbName: thumb.name, userId: req.user.id };
      const id = await images.insert(dbpool, row);
      res.status(201);
      return await images.find(dbpool, id);
    } catch (error) {
      await storage.remove(config.aws, [photo.name, thumb.name]);
      throw error;
    }
  } finally {
    await Promise.all([req.file.path, photo.path, thumb.path].map((file) => fs.rm(file, { force: true })));
  }
}));

router.put('/images/:id', session.required, handle(async (req) => {
  const pool = req.app.locals.dbpool;
  const before = await images.find(pool, input.whole(req.params.id, 'id'));
  const fields = read({ ...before, categoryId: before.category.id, ...req.body });
  await images.needCategory(pool, fields.categoryId);
  await images.update(pool, before.id, fields);
  return images.find(pool, before.id);
}));

router.delete('/images/:id', session.required, handle(async (req) => {
  const { config, dbpool } = req.app.locals;
  const id = input.whole(req.params.id, 'id');
  const files = await images.remove(dbpool, id);
  return { deleted: id, filesDeleted: await storage.remove(config.aws, files) };
}));

module.exports = router;

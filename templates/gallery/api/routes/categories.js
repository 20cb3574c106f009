'use strict';

const express = require('express');

const database = require('../utils/database');
const { conflict, missing } = require('../utils/errors');
const handle = require('../utils/handle');
const input = require('../utils/input');
const session = require('../utils/session');
const storage = require('../utils/storage');

const router = express.Router();

// The cover is the newest photo.
const SELECT = `
  SELECT c.id, c.name, c.description,
         (SELECT COUNT(*) FROM images i WHERE i.category_id = c.id) AS images,
         (SELECT i.thumb_name FROM images i WHERE i.category_id = c.id ORDER BY i.id DESC LIMIT 1) AS cover
  FROM categories c`;

function show({ id, name, description, images, cover }) {
  return { id, name, description, images, coverUrl: cover && storage.url(cover) };
}

function read(body = {}) {
  return {
    name: input.text(body.name, 'name', { max: 100, required: true }),
    description: input.text(body.description, 'description', { max: 500 }),
  };
}

async function find(pool, id) {
  const [row] = await database.query(pool, `${SELECT} WHERE c.id = ?`, [id]);
  if (!row) throw missing('category');
  return show(row);
}

function sameName(error, name) {
  return error.code === database.DUPLICATE ? conflict(`There is a category “${name}” already.`, 'name') : error;
}

router.get('/categories', handle(async (req) => {
  const rows = await database.query(req.app.locals.dbpool, `${SELECT} ORDER BY c.name, c.id`);
  return { items: rows.map(show) };
}));

router.get('/categories/:id', handle((req) => find(req.app.locals.dbpool, input.whole(req.params.id, 'id'))));

router.post('/categories', session.required, handle(async (req, res) => {
  const pool = req.app.locals.dbpool;
  const category = read(req.body);
  try {
    const { insertId } = await database.query(
      pool,
      'INSERT INTO categories (name, description) VALUES (?, ?)',
      [category.name, category.description],
    );
    res.status(201);
    return await find(pool, insertId);
  } catch (error) {
    throw sameName(error, category.name);
  }
}));

router.put('/categories/:id', session.required, handle(async (req) => {
  const pool = req.app.locals.dbpool;
  const id = input.whole(req.params.id, 'id');
  const before = await find(pool, id);
  const category = read({ ...before, ...req.body });
  try {
    await database.query(
      pool,
      'UPDATE categories SET name = ?, description = ? WHERE id = ?',
      [category.name, category.description, id],
    );
  } catch (error) {
    throw sameName(error, category.name);
  }
  return find(pool, id);
}));

router.delete('/categories/:id', session.required, handle(async (req) => {
  const id = input.whole(req.params.id, 'id');
  try {
    const { affectedRows } = await database.query(
      req.app.locals.dbpool,
      'DELETE FROM categories WHERE id = ?',
      [id],
    );
    if (!affectedRows) throw missing('category');
  } catch (error) {
    if (!database.STILL_REFERENCED.has(error.code)) throw error;
    throw conflict('The category still holds photos. Move or delete them first.');
  }
  return { deleted: id };
}));

module.exports = router;

'use strict';

/* The gallery's photos in the database. */

const database = require('./database');
const { invalid, missing } = require('./errors');
const input = require('./input');
const storage = require('./storage');

const COLUMNS = `
  i.id, i.title, i.description, i.alt, i.file_name, i.thumb_name, i.width, i.height, i.bytes,
  c.id AS category_id, c.name AS category_name,
  DATE_FORMAT(i.created_at, '%Y-%m-%dT%H:%i:%sZ') AS created_at`;
const FROM = 'FROM images i JOIN categories c ON c.id = i.category_id';
const HAS_TAG = `
  EXISTS (SELECT 1 FROM image_tags it JOIN tags t ON t.id = it.tag_id
          WHERE it.image_id = i.id AND t.name`;

function show(row, tags) {
  return {
    id: row.id,
    title: row.title,
    description: row.description,
    alt: row.alt,
    category: { id: row.category_id, name: row.category_name },
    tags,
    url: storage.url(row.file_name),
    thumbUrl: storage.url(row.thumb_name),
    width: row.width,
    height: row.height,
    bytes: row.bytes,
    createdAt: row.created_at,
  };
}

async function tagsOf(pool, ids) {
  const byImage = new Map(ids.map((id) => [id, []]));
  if (ids.length) {
    const rows = await database.query(
      pool,
      'SELECT it.image_id, t.name FROM image_tags it JOIN tags t ON t.id = it.tag_id WHERE it.image_id IN (?) ORDER BY t.name',
      [ids],
    );
    for (const { image_id: image, name } of rows) byImage.get(image).push(name);
  }
  return byImage;
}

// Every word must be found: in what is said about the photo, its category or a tag.
function condition({ category, words, tag }) {
  const parts = [];
  const values = [];
  if (category !== null) {
    parts.push('i.category_id = ?');
    values.push(category);
  }
  if (tag) {
    parts.push(`${HAS_TAG} = ?)`);
    values.push(tag);
  }
  for (const word of words) {
    const like = input.pattern(word);
    parts.push(`(i.title LIKE ? OR i.description LIKE ? OR i.alt LIKE ? OR c.name LIKE ? OR ${HAS_TAG} LIKE ?))`);
    values.push(like, like, like, like, like);
  }
  return { where: parts.length ? `WHERE ${parts.join(' AND ')}` : '', values };
}

/** One page of photos, newest first. */
async function list(pool, { page, pageSize, ...filter }) {
  const { where, values } = condition(filter);
  const [[{ total }], rows] = await Promise.all([
    database.query(pool, `SELECT COUNT(*) AS total ${FROM} ${where}`, values),
    database.query(
      pool,
      `SELECT ${COLUMNS} ${FROM} ${where} ORDER BY i.id DESC LIMIT ? OFFSET ?`,
      [...values, pageSize, (page - 1) * pageSize],
    ),
  ]);
  const tags = await tagsOf(pool, rows.map((row) => row.id));
  return {
    items: rows.map((row) => show(row, tags.get(row.id))),
    page,
    pageSize,
    pages: Math.max(1, Math.ceil(total / pageSize)),
    total,
  };
}

/** One photo, with the ids of its newer and older neighbours. */
async function find(pool, id) {
  const [rows, tags, [neighbours]] = await Promise.all([
    database.query(pool, `SELECT ${COLUMNS} ${FROM} WHERE i.id = ?`, [id]),
    tagsOf(pool, [id]),
    database.query(
      pool,
      'SELECT (SELECT MIN(id) FROM images WHERE id > ?) AS newer, (SELECT MAX(id) FROM images WHERE id < ?) AS older',
      [id, id],
    ),
  ]);
  if (!rows.length) throw missing('photo');
  return { ...show(rows[0], tags.get(id)), ...neighbours };
}

/** Every tag in use and how many photos have it. */
async function tags(pool) {
  const rows = await database.query(
    pool,
    'SELECT t.name, COUNT(*) AS images FROM tags t JOIN image_tags it ON it.tag_id = t.id GROUP BY t.id, t.name ORDER BY t.name',
  );
  return { items: rows.map(({ name, images }) => ({ name, images })) };
}

async function needCategory(pool, id) {
  const [row] = await database.query(pool, 'SELECT id FROM categories WHERE id = ?', [id]);
  if (!row) throw invalid('categoryId', 'There is no such category.');
}

async function setTags(ask, id, names) {
  await ask('DELETE FROM image_tags WHERE image_id = ?', [id]);
  if (names.length) {
    await ask('INSERT IGNORE INTO tags (name) VALUES ?', [names.map((name) => [name])]);
    // The database decides which names are the same, whatever their case or accents.
    await ask('INSERT INTO image_tags (image_id, tag_id) SELECT ?, id FROM tags WHERE name IN (?)', [id, names]);
  }
  await ask('DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM image_tags it WHERE it.tag_id = tags.id)');
}

function insert(pool, image) {
  return database.transaction(pool, async (ask) => {
    const { insertId } = await ask('INSERT INTO images SET ?', [{
      category_id: image.categoryId,
      user_id: image.userId,
      title: image.title,
      description: image.description,
      alt: image.alt,
      file_name: image.fileName,
      thumb_name: image.thumbName,
      width: image.width,
      height: image.height,
      bytes: image.bytes,
    }]);
    await setTags(ask, insertId, image.tags);
    return insertId;
  });
}

function update(pool, id, { title, description, alt, categoryId, tags: names }) {
  return database.transaction(pool, async (ask) => {
    await ask(
      'UPDATE images SET title = ?, description = ?, alt = ?, category_id = ? WHERE id = ?',
      [title, description, alt, categoryId, id],
    );
    await setTags(ask, id, names);
  });
}

/** Delete the photo's rows; the names of its files, which are now nobody's. */
function remove(pool, id) {
  return database.transaction(pool, async (ask) => {
    const [row] = await ask('SELECT file_name, thumb_name FROM images WHERE id = ? FOR UPDATE', [id]);
    if (!row) throw missing('photo');
    await ask('DELETE FROM images WHERE id = ?', [id]);
    await ask('DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM image_tags it WHERE it.tag_id = tags.id)');
    return [row.file_name, row.thumb_name];
  });
}

module.exports = { find, insert, list, needCategory, remove, tags, update };

'use strict';

/* Reads what a visitor sends: each function returns a clean value or says what is wrong with it. */

const { invalid } = require('./errors');

const MAX_ID = 4294967295;
const TAG_LENGTH = 60;
const MOST_TAGS = 20;

function text(value, field, { max, required = false }) {
  if (value === undefined || value === null) {
    if (required) throw invalid(field, `“${field}” is missing.`);
    return '';
  }
  if (typeof value !== 'string') throw invalid(field, `“${field}” must be text.`);
  // eslint-disable-next-line no-control-regex
  const clean = value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '').normalize('NFC').trim();
  if (required && !clean) throw invalid(field, `“${field}” must not be empty.`);
  if ([...clean].length > max) throw invalid(field, `“${field}” may have ${max} characters at most.`);
  return clean;
}

function whole(value, field, { least = 1, most = MAX_ID } = {}) {
  const plain = typeof value === 'number' ? String(value) : value;
  if (typeof plain !== 'string' || !/^\d{1,10}$/.test(plain)) throw invalid(field, `“${field}” must be a whole number.`);
  const number = Number(plain);
  if (number < least || number > most) throw invalid(field, `“${field}” must be from ${least} to ${most}.`);
  return number;
}

/** Tags from a list or from text with commas; each once, whatever its case. */
function tags(value) {
  if (value === undefined || value === null || value === '') return [];
  const parts = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(parts)) throw invalid('tags', '“tags” must be a list, or text with commas.');
  const byKey = new Map();
  for (const part of parts) {
    const name = text(part, 'tags', { max: TAG_LENGTH }).toLocaleLowerCase('en');
    if (name) byKey.set(name, name);
  }
  if (byKey.size > MOST_TAGS) throw invalid('tags', `A photo may have ${MOST_TAGS} tags at most.`);
  return [...byKey.values()];
}

/** A LIKE pattern that finds the words as they stand. */
function pattern(words) {
  return `%${words.replace(/[\\%_]/g, '\\$&')}%`;
}

/** Path part to file name part: "Über den Wolken" to "uber-den-wolken". */
function slug(title) {
  const plain = title.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60) || 'photo';
}

module.exports = { pattern, slug, tags, text, whole };

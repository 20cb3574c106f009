'use strict';

/* Errors that a visitor may see, as JSON: {"error": {"code", "message", "field"?}}. */

const database = require('./database');

class HttpError extends Error {
  constructor(status, code, message, field) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

const invalid = (field, message) => new HttpError(400, 'invalid', message, field);
const missing = (what) => new HttpError(404, 'not_found', `There is no such ${what}.`);
const conflict = (message, field) => new HttpError(409, 'conflict', message, field);

function notFound(req, res, next) {
  next(new HttpError(404, 'not_found', `Nothing answers ${req.method} ${req.path}.`));
}

const BODY_PROBLEMS = {
  'entity.parse.failed': [400, 'invalid', 'The body is not JSON.'],
  'entity.too.large': [413, 'too_large', 'The body is larger than the gallery takes.'],
  'encoding.unsupported': [415, 'unsupported', 'The body has an encoding that the gallery does not read.'],
  'charset.unsupported': [415, 'unsupported', 'The body has a character set that the gallery does not read.'],
};

function translate(error) {
  if (error instanceof HttpError) return error;
  if (database.UNREACHABLE.has(error.code)) {
    return new HttpError(503, 'database_unreachable', 'The gallery’s database does not answer. Try again in a minute.');
  }
  if (database.READ_ONLY.has(error.code)) {
    const refused = new HttpError(503, 'read_only', 'The gallery takes no changes just now. Try again in a moment.');
    return Object.assign(refused, { retryAfter: 1 });
  }
  if (error.code === database.NO_TABLES) {
    return new HttpError(503, 'database_empty', 'The gallery’s database holds no gallery yet: its tables are missing.');
  }
  if (BODY_PROBLEMS[error.type]) return new HttpError(...BODY_PROBLEMS[error.type]);
  if (error instanceof URIError || error.status === 400) {
    return new HttpError(400, 'invalid', 'The request cannot be read.');
  }
  return new HttpError(500, 'internal', 'Something went wrong in the gallery.');
}

// Express knows an error handler by its four parameters.
function errorHandler(error, req, res, next) {
  const shown = translate(error);
  if (shown.status >= 500) {
    // The driver's errors carry the statement, and that may carry what a visitor typed.
    console.error(`${req.method} ${req.path}: ${error.code || error.name}: ${error.sqlMessage || error.message}`);
  }
  if (res.headersSent) {
    next(error);
    return;
  }
  const { code, message, field, retryAfter } = shown;
  if (retryAfter) res.set('Retry-After', String(retryAfter));
  res.status(shown.status).set('Cache-Control', 'no-store').json({ error: { code, message, field } });
}

module.exports = { HttpError, conflict, errorHandler, invalid, missing, notFound };

'use strict';

/*
 * The session is a cookie that the server can check without remembering it:
 * <user id>.<expiry>.<signature>. The key that signs is made of the config's session key
 * and the user's password hash, so a new password ends that user's sessions, and knowing
 * the session key alone is not enough to make one. It survives a restart, and a move of
 * the database.
 */

const { createHmac, timingSafeEqual } = require('node:crypto');

const database = require('./database');
const { HttpError } = require('./errors');

const COOKIE = 'tsagallery_session';
const LIFETIME_S = 12 * 60 * 60;
const TOKEN = /^(\d{1,10})\.(\d{1,12})\.([\w-]{43})$/;

function sign(app, user, expires) {
  const { sessionKey, installId } = app.locals.config.app;
  const key = createHmac('sha256', sessionKey).update(user.password_hash).digest();
  return createHmac('sha256', key).update(`${installId}.${user.id}.${expires}`).digest('base64url');
}

function readCookie(req) {
  for (const pair of (req.headers.cookie || '').split(';')) {
    const [name, value] = pair.trim().split('=');
    if (name === COOKIE && value) return value;
  }
  return '';
}

// Over CloudFront the hop to us is plain HTTP; what the visitor used is in a header.
function overHttps(req) {
  return req.secure || req.get('CloudFront-Forwarded-Proto') === 'https';
}

function cookieOptions(req) {
  return { httpOnly: true, sameSite: 'strict', path: '/', secure: overHttps(req) };
}

function start(req, res, user) {
  const expires = Math.floor(Date.now() / 1000) + LIFETIME_S;
  const token = `${user.id}.${expires}.${sign(req.app, user, expires)}`;
  res.cookie(COOKIE, token, { ...cookieOptions(req), maxAge: LIFETIME_S * 1000 });
}

function end(req, res) {
  res.clearCookie(COOKIE, cookieOptions(req));
}

/** The user whose session the request carries, or null. */
async function current(req) {
  const [, id, expires, signature] = TOKEN.exec(readCookie(req)) || [];
  if (!signature || Number(expires) * 1000 < Date.now()) return null;
  const [user] = await database.query(
    req.app.locals.dbpool,
    'SELECT id, username, display_name, password_hash FROM users WHERE id = ?',
    [id],
  );
  if (!user) return null;
  const expected = Buffer.from(sign(req.app, user, expires));
  return timingSafeEqual(expected, Buffer.from(signature)) ? user : null;
}

/** Lets only the admin pass; `req.user` is who it is. */
async function required(req, res, next) {
  req.user = await current(req);
  next(req.user ? undefined : new HttpError(401, 'login_required', 'Log in first.'));
}

module.exports = { current, end, required, start };

'use strict';

const express = require('express');

const database = require('../utils/database');
const { HttpError } = require('../utils/errors');
const handle = require('../utils/handle');
const input = require('../utils/input');
const passwords = require('../utils/passwords');
const session = require('../utils/session');
const throttle = require('../utils/throttle');

const router = express.Router();

const show = (user) => ({ user: user && { username: user.username, displayName: user.display_name } });

router.post('/login', handle(async (req, res) => {
  const seconds = throttle.wait(req.ip);
  if (seconds) {
    res.set('Retry-After', String(seconds));
    throw new HttpError(429, 'too_many_tries', `Too many wrong tries. Wait ${seconds} seconds.`);
  }
  const body = req.body || {};
  const username = input.text(body.username, 'username', { max: 64, required: true });
  if (typeof body.password !== 'string' || !body.password || body.password.length > 200) {
    throw new HttpError(400, 'invalid', '“password” is missing, or too long.', 'password');
  }
  const [user] = await database.query(
    req.app.locals.dbpool,
    'SELECT id, username, display_name, password_hash FROM users WHERE username = ?',
    [username],
  );
  if (!await passwords.verify(body.password, user && user.password_hash)) {
    throttle.failed(req.ip);
    throw new HttpError(401, 'wrong_login', 'That user name and password do not belong together.');
  }
  throttle.succeeded(req.ip);
  session.start(req, res, user);
  return show(user);
}));

router.post('/logout', (req, res) => {
  session.end(req, res);
  res.json(show(null));
});

router.get('/session', handle(async (req) => show(await session.current(req))));

module.exports = router;

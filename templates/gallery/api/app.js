'use strict';

/*
 * The gallery's API.
 *
 * `app.locals.ready` is a promise: it is kept once the database has answered and the
 * routes are in place, and bin/www.js listens only then. Third-party packages that few
 * requests need (aws-sdk, sharp, multer) are loaded by the first request that needs them,
 * so that the server is up in a fraction of a second.
 */

const express = require('express');
const mysql = require('mysql');

const config = require('./utils/config');
const database = require('./utils/database');
const { errorHandler, notFound } = require('./utils/errors');
const requestLog = require('./utils/request-log');
const routes = require('./routes');

const app = express();
app.locals.config = config;

app.disable('x-powered-by');
// Answers are never cached, so a digest of each would be work for nothing.
app.disable('etag');
// Behind CloudFront the visitor's address is the one that CloudFront adds last.
app.set('trust proxy', 1);

// Runs once, before the routes. Where the database is, and who may use it, is settled here
// and nowhere else: everything after asks app.locals.dbpool. What fails is told by
// bin/www.js, in words, and ends the program.
async function setUp() {
  try {
    // make sure database is connected
    if (!app.locals.dbpool) {
      app.locals.dbpool = mysql.createPool({
        connectionLimit: 10,
        host: app.locals.config.db.host,
        port: app.locals.config.db.port,
        user: app.locals.config.db.username,
        password: app.locals.config.db.password,
        database: app.locals.config.db.schema
      });
    }
    await database.connect(app.locals.dbpool);
  } catch (error) {
    throw database.explain(error, app.locals);
  }

  app.use(requestLog(config.app));
  app.get('/', (req, res) => res.json({ name: 'TSAGallery API', health: '/api/health' }));
  app.use('/api', routes);
  app.use(notFound);
  app.use(errorHandler);
}

app.locals.ready = setUp();

module.exports = app;

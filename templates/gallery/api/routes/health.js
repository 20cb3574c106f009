'use strict';

const express = require('express');

const database = require('../utils/database');
const handle = require('../utils/handle');
const { version } = require('../package.json');

const router = express.Router();

// Says which database is in use and that it answers; no user, no password.
router.get('/health', handle(async (req, res) => {
  const { config, dbpool } = req.app.locals;
  const answer = {
    ok: true,
    installId: config.app.installId,
    version,
    uptimeSeconds: Math.round(process.uptime()),
    database: { ...database.where(dbpool), answers: true },
  };
  const began = process.hrtime.bigint();
  try {
    const [row] = await database.query(dbpool, 'SELECT VERSION() AS server, COUNT(*) AS images FROM images');
    answer.database.server = row.server;
    answer.database.milliseconds = Number(process.hrtime.bigint() - began) / 1e6;
    answer.images = row.images;
  } catch (error) {
    answer.ok = false;
    answer.database.answers = error.code === database.NO_TABLES;
    answer.database.problem = error.code || error.message;
    res.status(503);
  }
  return answer;
}));

module.exports = router;

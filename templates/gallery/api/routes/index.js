'use strict';

const express = require('express');

const { notFound } = require('../utils/errors');

const BODY_LIMIT = '64kb';

const router = express.Router();

router.use((req, res, next) => {
  res.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
  next();
});
router.use(express.json({ limit: BODY_LIMIT }));
router.use(require('./health'));
router.use(require('./session'));
router.use(require('./categories'));
router.use(require('./images'));
router.use(notFound);

module.exports = router;

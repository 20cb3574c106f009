#!/usr/bin/env node
'use strict';

/* Starts the API, and ends it in order on SIGTERM. */

const http = require('node:http');

const app = require('../app');

const GRACE_MS = 3000;
const { port } = app.locals.config.app;
// Without HOST: every address of the machine.
const host = process.env.HOST || undefined;

function fail(error) {
  console.error(`TSAGallery cannot start: ${error.message}`);
  process.exit(1);
}

function listenProblem(error) {
  const where = `${host || 'every address'}, port ${port}`;
  const reasons = {
    EADDRINUSE: 'another program listens there. Stop it (forever stopall), or set PORT.',
    EACCES: 'this user may not open that port. Start it as root, or set PORT to 1024 or above.',
    EADDRNOTAVAIL: 'this machine has no such address. Set HOST to one that it has.',
  };
  return new Error(`it cannot listen on ${where}: ${reasons[error.code] || error.message}`);
}

function endOnSignal(server) {
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    server.close(() => app.locals.dbpool.end(() => process.exit(0)));
    server.closeIdleConnections();
    // A visitor who never finishes must not keep the server from ending.
    setTimeout(() => process.exit(0), GRACE_MS).unref();
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

app.locals.ready.then(() => {
  const server = http.createServer(app);
  server.once('error', (error) => fail(listenProblem(error)));
  server.listen(port, host, () => {
    const { address, port: open } = server.address();
    const { host: db, port: dbPort, database } = app.locals.dbpool.config.connectionConfig;
    console.log(`TSAGallery listens on ${address} port ${open}; database ${database} on ${db}:${dbPort}`);
  });
  endOnSignal(server);
}, fail);

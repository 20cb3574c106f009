#!/usr/bin/env node
'use strict';

/*
 * Starts the API, and ends it in order on SIGTERM.
 *
 * One that starts while there is a file `standby` in its folder connects to its database,
 * writes its process id into the file, and listens when the file is gone; by then another
 * may still be ending on the same port. So a new version takes over within milliseconds,
 * and not before whoever made the file says so.
 */

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');

const app = require('../app');

const GRACE_MS = 3000;
const LOOK_MS = 5;
const STANDBY = path.join(__dirname, '..', 'standby');
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
    // What is being answered is answered; CloudFront would ask on over the same connections.
    server.prependListener('request', (req, res) => res.setHeader('Connection', 'close'));
    setInterval(() => server.closeIdleConnections(), LOOK_MS).unref();
    // A visitor who never finishes must not keep the server from ending.
    setTimeout(() => process.exit(0), GRACE_MS).unref();
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

/** Wait while the file is there; whether it was. */
async function standBy() {
  if (!fs.existsSync(STANDBY)) return false;
  console.log('TSAGallery stands by, until the file standby is gone');
  fs.writeFileSync(STANDBY, String(process.pid));
  while (fs.existsSync(STANDBY)) await pause(LOOK_MS);
  return true;
}

function listen(server, patience) {
  const deadline = Date.now() + patience;
  server.on('error', (error) => {
    // The one before gives up its port first, and then ends.
    if (error.code === 'EADDRINUSE' && Date.now() < deadline) setTimeout(() => server.listen(port, host), LOOK_MS);
    else fail(listenProblem(error));
  });
  server.listen(port, host, () => {
    const { address, port: open } = server.address();
    const { host: db, port: dbPort, database } = app.locals.dbpool.config.connectionConfig;
    console.log(`TSAGallery listens on ${address} port ${open}; database ${database} on ${db}:${dbPort}`);
  });
}

app.locals.ready.then(async () => {
  const server = http.createServer(app);
  endOnSignal(server);
  listen(server, await standBy() ? 2 * GRACE_MS : 0);
}).catch(fail);

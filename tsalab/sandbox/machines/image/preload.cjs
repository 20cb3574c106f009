// Every Node.js program of a sandbox's web server starts with this (NODE_OPTIONS=--require).
// It makes loopback look like the lab's network: names and ports lead where the sandbox put
// them, listeners stay on 127.0.0.1, and the AWS SDK v2, which knows no endpoint variable,
// finds the sandbox. Nothing in the app has to know.
'use strict';

const fs = require('fs');
const net = require('net');
const Module = require('module');

const FILES = [process.env.TSA_PRIVATE_ROUTES, process.env.TSA_ROUTES].filter(Boolean);
const cache = new Map();

function routes(file) {
  let stat;
  try {
    stat = fs.statSync(file, { bigint: true });
  } catch {
    return {};
  }
  const known = cache.get(file);
  // The file is replaced, never rewritten: a new inode is a new content.
  if (known && known.inode === stat.ino && known.time === stat.mtimeNs) return known.routes;
  const read = JSON.parse(fs.readFileSync(file, 'utf8'));
  cache.set(file, { inode: stat.ino, time: stat.mtimeNs, routes: read });
  return read;
}

function resolve(host, port) {
  const key = `${String(host || 'localhost').toLowerCase().replace(/\.$/, '')}:${port}`;
  for (const file of FILES) {
    const found = routes(file)[key];
    if (found) {
      const cut = found.lastIndexOf(':');
      return { host: found.slice(0, cut), port: Number(found.slice(cut + 1)) };
    }
  }
  return null;
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  // net.connect passes its arguments normalized: one array of options and callback.
  const normalized = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args);
  const options = normalized[0];
  if (options && options.port && !options.path) {
    const real = resolve(options.host, options.port);
    // family and lookup belong to the name that is replaced.
    if (real) normalized[0] = { ...options, ...real, family: 4, lookup: undefined };
  }
  return connect.call(this, normalized);
};

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const normalized = net._normalizeArgs(args);
  const options = normalized[0];
  if (options && options.port !== undefined && !options.path && options.fd === undefined) {
    const wide = !options.host || options.host === '0.0.0.0' || options.host === '::';
    if (wide) options.host = '127.0.0.1';
    if (Number(options.port) === 80 && process.env.TSA_HTTP_PORT) options.port = Number(process.env.TSA_HTTP_PORT);
    const callback = normalized[1];
    return callback ? listen.call(this, options, callback) : listen.call(this, options);
  }
  return listen.apply(this, args);
};

const load = Module._load;
const prepared = new WeakSet();
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (request === 'aws-sdk' && process.env.AWS_ENDPOINT_URL && !prepared.has(loaded)) {
    prepared.add(loaded);
    loaded.config.update({
      endpoint: process.env.AWS_ENDPOINT_URL,
      s3ForcePathStyle: true,
      region: loaded.config.region || process.env.AWS_REGION,
    });
  }
  return loaded;
};

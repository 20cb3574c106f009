'use strict';

/* Slows guessing: after some failures from one address, none of its tries is looked at for a while. */

const LIMIT = 10;
const WINDOW_MS = 60 * 1000;
const MOST_ADDRESSES = 10000;

const failures = new Map();

function recent(address) {
  const entry = failures.get(address);
  if (!entry || Date.now() - entry.since > WINDOW_MS) return null;
  return entry;
}

/** Seconds until the address may try again; 0 when it may now. */
function wait(address) {
  const entry = recent(address);
  if (!entry || entry.count < LIMIT) return 0;
  return Math.ceil((entry.since + WINDOW_MS - Date.now()) / 1000);
}

function failed(address) {
  if (failures.size >= MOST_ADDRESSES) failures.clear();
  const entry = recent(address) || { since: Date.now(), count: 0 };
  entry.count += 1;
  failures.set(address, entry);
}

function succeeded(address) {
  failures.delete(address);
}

module.exports = { failed, succeeded, wait };

'use strict';

/*
 * Everything that speaks SQL goes through here: promises over the `mysql` pool,
 * transactions, and errors told in words. Values always travel as parameters.
 */

// A paused serverless database takes most of a minute to wake, and the driver gives up on
// a connection after ten seconds. So waiting is asking again.
const START_ATTEMPTS = 6;
const REQUEST_ATTEMPTS = 2;
const WAKING = new Set(['ETIMEDOUT', 'PROTOCOL_SEQUENCE_TIMEOUT', 'POOL_ACQUIRE_TIMEOUT']);
const UNREACHABLE = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE',
  'ETIMEDOUT', 'PROTOCOL_CONNECTION_LOST', 'PROTOCOL_SEQUENCE_TIMEOUT', 'POOL_ACQUIRE_TIMEOUT',
  'POOL_CLOSED', 'ER_CON_COUNT_ERROR', 'ER_SERVER_SHUTDOWN', 'ER_HOST_NOT_PRIVILEGED',
  'ER_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_BAD_DB_ERROR',
]);
const NO_TABLES = 'ER_NO_SUCH_TABLE';
// It only answers questions just now: somebody is moving it, or it is a replica.
const READ_ONLY = new Set(['ER_OPTION_PREVENTS_STATEMENT', 'ER_READ_ONLY_MODE']);
const DUPLICATE = 'ER_DUP_ENTRY';
const STILL_REFERENCED = new Set(['ER_ROW_IS_REFERENCED', 'ER_ROW_IS_REFERENCED_2']);
const NO_SUCH_PARENT = new Set(['ER_NO_REFERENCED_ROW', 'ER_NO_REFERENCED_ROW_2']);

const QUERY_TIMEOUT_MS = 15000;

/** Where a pool leads: {host, port, name}. */
function where(pool) {
  const { host, port, database } = pool.config.connectionConfig;
  return { host, port, name: database };
}

// The driver's default character set lacks four-byte characters; times are stored in UTC.
function prepare(connection) {
  connection.query("SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci, time_zone = '+00:00'", (error) => {
    if (error) connection.destroy();
  });
}

function acquireOnce(pool) {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
  });
}

async function acquire(pool, attempts = REQUEST_ATTEMPTS) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await acquireOnce(pool);
    } catch (error) {
      if (attempt >= attempts || !WAKING.has(error.code)) throw error;
      console.log(`The database on ${where(pool).host} does not answer yet, asking again`);
    }
  }
}

function run(connection, sql, values) {
  return new Promise((resolve, reject) => {
    connection.query({ sql, values, timeout: QUERY_TIMEOUT_MS }, (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

/** Rows (or the result of a change) of one statement. */
async function query(pool, sql, values = []) {
  const connection = await acquire(pool);
  try {
    return await run(connection, sql, values);
  } finally {
    connection.release();
  }
}

/** What `work(ask)` returns, all of its statements done or none. */
async function transaction(pool, work) {
  const connection = await acquire(pool);
  try {
    await run(connection, 'START TRANSACTION');
    const result = await work((sql, values = []) => run(connection, sql, values));
    await run(connection, 'COMMIT');
    connection.release();
    return result;
  } catch (error) {
    // Closing the connection rolls back, also when the connection is what failed.
    connection.destroy();
    throw error;
  }
}

/** Wait for the first answer of a fresh pool. */
async function connect(pool) {
  if (!pool) throw new Error('app.js makes no database pool: app.locals.dbpool is not set.');
  pool.on('connection', prepare);
  const connection = await acquire(pool, START_ATTEMPTS);
  try {
    await run(connection, 'SELECT 1');
  } finally {
    connection.release();
  }
}

function reason(error) {
  // AggregateError (several addresses tried) has an empty message.
  return error.sqlMessage || error.message || error.code;
}

/** An error that says what went wrong at the start, and never a password. */
function explain(error, { config, dbpool }) {
  if (dbpool && error.code) {
    const { host, port, name } = where(dbpool);
    return new Error(
      `the database ${name} on ${host}:${port} cannot be reached (${error.code}: ${reason(error)}). `
      + 'Check that it runs and that this server may reach it, then start again.',
    );
  }
  if (error instanceof TypeError && !config.db && !dbpool) {
    return new Error(
      'utils/config.js has no db block, and app.js still asks for it. '
      + 'Let app.js read the secret instead, or put the block back.',
    );
  }
  if (error instanceof SyntaxError) {
    return new Error(`the secret ${config.aws.secretName} is no JSON: it must hold host, port, username, password, dbname.`);
  }
  if (error.code) {
    return new Error(
      `the secret ${config.aws.secretName} cannot be read from Secrets Manager in ${config.aws.region} `
      + `(${error.code}: ${error.message}). Check its name and region, and that the server's role may read it.`,
    );
  }
  return error;
}

module.exports = {
  DUPLICATE, NO_SUCH_PARENT, NO_TABLES, READ_ONLY, STILL_REFERENCED, UNREACHABLE,
  connect, explain, query, transaction, where,
};

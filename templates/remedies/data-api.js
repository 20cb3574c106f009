'use strict';

/*
 * Everything that speaks SQL goes through here, and from here through the Data API: no
 * connection, so nothing keeps the database awake. Values always travel as parameters.
 */

const AWS = require('aws-sdk');

const config = require('./config');

const RETRY_FIRST_MS = 200;
const RETRY_MOST_MS = 2000;
const PATIENCE_MS = 45000;
const DUPLICATE = 'ER_DUP_ENTRY';
const NO_TABLES = 'ER_NO_SUCH_TABLE';
const READ_ONLY = new Set(['ER_OPTION_PREVENTS_STATEMENT']);
const STILL_REFERENCED = new Set(['ER_ROW_IS_REFERENCED_2']);
const NO_SUCH_PARENT = new Set(['ER_NO_REFERENCED_ROW_2']);
const RESUMING = 'DatabaseResumingException';
const UNREACHABLE = new Set([RESUMING, 'DatabaseUnavailableException', 'NetworkingError', 'TimeoutError']);
// What the driver would call it; version 1 of the Data API gives the database's words alone.
const CALLED = [
  [/Duplicate entry/, DUPLICATE],
  [/doesn't exist/, NO_TABLES],
  [/running with the --read-only option/, 'ER_OPTION_PREVENTS_STATEMENT'],
  [/Cannot delete or update a parent row/, 'ER_ROW_IS_REFERENCED_2'],
  [/Cannot add or update a child row/, 'ER_NO_REFERENCED_ROW_2'],
];

const api = new AWS.RDSDataService({
  region: config.aws.region, maxRetries: 0, httpOptions: { timeout: PATIENCE_MS },
});

/** Where a pool leads: {host, port, name}. */
function where(pool) {
  const { host, port, database } = pool.config.connectionConfig;
  return { host, port, name: database };
}

function isResuming(error) {
  return error.code === RESUMING || /Communications link failure/.test(error.message);
}

async function send(operation, more) {
  const request = { resourceArn: process.env.CLUSTER_ARN, secretArn: process.env.SECRET_ARN, ...more };
  const began = Date.now();
  for (let wait = RETRY_FIRST_MS; ; wait = Math.min(wait * 2, RETRY_MOST_MS)) {
    try {
      return await api[operation](request).promise();
    } catch (error) {
      if (!isResuming(error) || Date.now() - began > PATIENCE_MS) {
        const [, code] = CALLED.find(([words]) => words.test(error.message)) || [];
        if (isResuming(error)) error.code = RESUMING;
        else if (code) error.code = code;
        throw error;
      }
      await new Promise((resolve) => { setTimeout(resolve, Math.random() * wait); });
    }
  }
}

function field(value) {
  if (value === null || value === undefined) return { isNull: true };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { longValue: value } : { doubleValue: value };
  return { stringValue: value instanceof Date ? value.toISOString() : String(value) };
}

/** The driver's `?` as names, and the values that they stand for: lists, rows and columns as the driver has them. */
function bind(sql, values) {
  const parameters = [];
  const left = [...values];
  const name = (value) => {
    parameters.push({ name: `p${parameters.length}`, value: field(value) });
    return `:p${parameters.length - 1}`;
  };
  const put = (value) => {
    if (Array.isArray(value)) return value.map((each) => (Array.isArray(each) ? `(${put(each)})` : put(each))).join(', ');
    if (value === null || typeof value !== 'object' || value instanceof Date) return name(value);
    return Object.entries(value).map(([column, each]) => `\`${column.replace(/`/g, '``')}\` = ${put(each)}`).join(', ');
  };
  return { sql: sql.replace(/\?/g, () => put(left.shift())), parameters };
}

async function run(pool, sql, values, transactionId) {
  const answer = await send('executeStatement', {
    ...bind(sql, values),
    database: where(pool).name,
    formatRecordsAs: 'JSON',
    ...(transactionId && { transactionId }),
  });
  if (answer.formattedRecords !== undefined) return JSON.parse(answer.formattedRecords);
  const [made] = answer.generatedFields || [];
  return { affectedRows: answer.numberOfRecordsUpdated, insertId: made && made.longValue };
}

/** Rows (or the result of a change) of one statement. */
function query(pool, sql, values = []) {
  return run(pool, sql, values);
}

/** What `work(ask)` returns, all of its statements done or none. */
async function transaction(pool, work) {
  const { transactionId } = await send('beginTransaction', { database: where(pool).name });
  try {
    const result = await work((sql, values = []) => run(pool, sql, values, transactionId));
    await send('commitTransaction', { transactionId });
    return result;
  } catch (error) {
    await send('rollbackTransaction', { transactionId }).catch(() => console.error('A transaction ends by itself'));
    throw error;
  }
}

/** Wait for the first answer. The pool opens no connection: nobody asks it for one. */
async function connect(pool) {
  if (!pool) throw new Error('app.js makes no database pool: app.locals.dbpool is not set.');
  await query(pool, 'SELECT 1 AS one');
}

/** An error that says what went wrong at the start, and never a password. */
function explain(error) {
  return new Error(`the Data API does not answer for the database (${error.code}: ${error.message})`);
}

module.exports = {
  DUPLICATE, NO_SUCH_PARENT, NO_TABLES, READ_ONLY, STILL_REFERENCED, UNREACHABLE,
  connect, explain, query, transaction, where,
};

// The driver's pool alone, with its own patience: how long does it wait for a connection?
const mysql = require('mysql');
const AWS = require('aws-sdk');

const config = require('./utils/config');

const ACQUIRE_MS = 10000; // the pool's default

async function main() {
  const { region, secretName: SecretId } = config.aws;
  const client = new AWS.SecretsManager({ region });
  const { SecretString: text } = await client.getSecretValue({ SecretId }).promise();
  const { host, port, username: user, password, dbname: database } = JSON.parse(text);
  const pool = mysql.createPool({
    host, port, user, password, database, connectTimeout: ACQUIRE_MS, acquireTimeout: ACQUIRE_MS,
  });
  console.log('connecting');
  const began = process.hrtime.bigint();
  const error = await new Promise((resolve) => { pool.getConnection(resolve); });
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  console.log(JSON.stringify({ seconds, problem: error ? error.code : '' }));
  process.exit(0);
}

main().catch((error) => { console.error(error.code || error.name); process.exit(1); });

'use strict';

/* The data bucket: photos and thumbnails lie under images/uploads/. */

const fs = require('node:fs/promises');

const { HttpError } = require('./errors');

const PREFIX = 'images/uploads/';
// A photo's name is never used twice, so it may be kept for good.
const CACHE_CONTROL = 'public, max-age=31536000, immutable';
// CloudFront waits half a minute for an answer: it has to be ours, also when S3 is silent.
const PATIENCE = { maxRetries: 1, httpOptions: { connectTimeout: 4000, timeout: 8000 } };

let s3;

function client(aws) {
  if (!s3) {
    const AWS = require('aws-sdk');
    s3 = new AWS.S3({ region: aws.region, ...PATIENCE });
  }
  return s3;
}

/** The address of a stored file on the site. */
const url = (name) => `/${PREFIX}${name}`;

/** Store local files, {name: path}; all of them, or none. */
async function put(aws, files) {
  const bucket = client(aws);
  const stored = [];
  try {
    for (const [name, path] of Object.entries(files)) {
      await bucket.putObject({
        Bucket: aws.s3Bucket,
        Key: PREFIX + name,
        Body: await fs.readFile(path),
        ContentType: 'image/jpeg',
        CacheControl: CACHE_CONTROL,
      }).promise();
      stored.push(name);
    }
  } catch (error) {
    console.error(`S3 refused a photo for the bucket ${aws.s3Bucket}: ${error.code}: ${error.message}`);
    await remove(aws, stored);
    throw new HttpError(502, 'storage_unavailable', 'The photo could not be stored. Try again in a minute.');
  }
}

/** Delete stored files; whether all went. What stays is told in the log. */
async function remove(aws, names) {
  const bucket = client(aws);
  const ends = await Promise.allSettled(
    names.map((name) => bucket.deleteObject({ Bucket: aws.s3Bucket, Key: PREFIX + name }).promise()),
  );
  const stayed = names.filter((name, index) => ends[index].status === 'rejected');
  if (stayed.length) console.error(`Left in the bucket ${aws.s3Bucket}: ${stayed.join(', ')}`);
  return stayed.length === 0;
}

module.exports = { put, remove, url };

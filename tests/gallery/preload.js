'use strict';

/* Leads aws-sdk to the test's own endpoint when, and only when, the app loads it. */

const Module = require('node:module');

const load = Module._load;
let led = false;

Module._load = function lead(request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (request === 'aws-sdk' && !led) {
    led = true;
    loaded.config.update({
      endpoint: process.env.TEST_AWS_ENDPOINT,
      s3ForcePathStyle: true,
      maxRetries: 0,
      credentials: new loaded.Credentials('test', 'test'),
    });
  }
  return loaded;
};

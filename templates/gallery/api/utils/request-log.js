'use strict';

/** One line a request: method, path (without what was searched for), status, milliseconds. */
function requestLog({ logging }) {
  const on = !['off', 'false', '0', 'no'].includes(logging);
  return (req, res, next) => {
    if (on) {
      const { path } = req;
      const began = process.hrtime.bigint();
      res.on('finish', () => {
        const took = Number(process.hrtime.bigint() - began) / 1e6;
        console.log(`${new Date().toISOString()} ${req.method} ${path} ${res.statusCode} ${took.toFixed(1)} ms`);
      });
    }
    next();
  };
}

module.exports = requestLog;

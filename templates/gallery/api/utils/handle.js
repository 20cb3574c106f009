'use strict';

/** An async handler whose failure reaches the error handler; what it returns is the JSON answer. */
function handle(work) {
  return (req, res, next) => {
    Promise.resolve(work(req, res)).then((answer) => {
      if (answer !== undefined) res.json(answer);
    }).catch(next);
  };
}

module.exports = handle;

const RETRY_FIRST_MS = 1000;
const RETRY_MOST_MS = 8000;
const CUT_OFF = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'PROTOCOL_CONNECTION_LOST']);

// Nothing has been asked yet, so asking again repeats nothing. Each try comes a random while
// later, at most twice as long as the one before: who waited together does not come back together.
async function acquire(pool, attempts = 4) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await acquireOnce(pool);
    } catch (error) {
      if (attempt >= attempts || !(WAKING.has(error.code) || CUT_OFF.has(error.code))) throw error;
      console.log(`The database on ${where(pool).host} does not answer yet, asking again`);
      const most = Math.min(RETRY_FIRST_MS * 2 ** (attempt - 1), RETRY_MOST_MS);
      await new Promise((resolve) => { setTimeout(resolve, Math.random() * most); });
    }
  }
}

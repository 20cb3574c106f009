const IDLE_MS = 10000;

// An open connection keeps the cluster awake, even one that asks nothing.
function letGo(pool) {
  const open = new Set();
  const gone = (connection) => {
    if (open.delete(connection) && open.size === 0) console.log('The pool has let go of its last connection');
  };
  pool.on('connection', (connection) => {
    open.add(connection);
    connection.once('end', () => gone(connection));
  });
  pool.on('acquire', (connection) => clearTimeout(connection.idle));
  pool.on('release', (connection) => {
    connection.idle = setTimeout(() => {
      connection.destroy();
      gone(connection);
    }, IDLE_MS).unref();
  });
}

      app.locals.dbpool = mysql.createPool({
        connectionLimit: 10,
        host: app.locals.config.db.host,
        port: app.locals.config.db.port,
        user: app.locals.config.db.username,
        password: app.locals.config.db.password,
        database: app.locals.config.db.schema
      });

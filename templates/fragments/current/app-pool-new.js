      const { SecretsManagerClient, GetSecretValueCommand } = require('@aws-sdk/client-secrets-manager');
      const client = new SecretsManagerClient({ region: app.locals.config.aws.region });

      const secretName = app.locals.config.aws.secretName;
      const secretObj = await client.send(new GetSecretValueCommand({ SecretId: secretName }));
      const secrets = JSON.parse(secretObj.SecretString);

      app.locals.dbpool = mysql.createPool({
        connectionLimit: 10,
        connectTimeout: 45000, // a paused cluster takes a while to wake,
        acquireTimeout: 45000, // and the pool has a limit of its own, 10 s for all of connecting
        host: secrets.host,
        port: secrets.port,
        user: secrets.username,
        password: secrets.password,
        database: secrets.dbname
      });

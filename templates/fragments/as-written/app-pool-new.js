      var AWS = require('aws-sdk');
      var client = new AWS.SecretsManager({ region: app.locals.config.aws.region });

      var secretObj = await client.getSecretValue({SecretId: app.locals.config.aws.secretName}).promise();
      var secrets = JSON.parse(secretObj.SecretString);
      
      app.locals.dbpool = mysql.createPool({
        connectionLimit: 10,
        host: secrets.host,
        port: secrets.port,
        user: secrets.username,
        password: secrets.password,
        database: secrets.dbname
      });

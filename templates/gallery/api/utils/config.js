// TSAGallery's settings: each is an environment variable, or else the default beside it.
const config = {
    aws: {
        region: process.env.AWS_REGION || 'us-east-1',
        s3Bucket: process.env.S3BUCKET || 'tsagallery-data',
    },
    app: {
        installId: process.env.INSTALL_ID || 'tsagallery',
        port: parseInt(process.env.PORT) || 80,
        logging: process.env.LOGGING || 'on',
        sessionKey: process.env.SESSION_KEY || 'tsagallery-session-key',
        uploadFolder: process.env.UPLOAD_FOLDER || 'uploads',
    },
    db: {
        host: process.env.DB_HOST || '127.0.0.1',
        port: parseInt(process.env.DB_PORT) || 3306,
        username: process.env.DB_USER || 'tsauser',
        password: process.env.DB_PASSWORD || 'my-secret-pw',
        schema: process.env.DB_SCHEMA || 'tsagallery'
    },
    // Prefixes of the keys under which a shared cache would hold the gallery's answers.
    // The gallery keeps no cache yet: what the database says now is what a visitor sees.
    cache: {
        categoriesPrefix: process.env.CACHE_CATEGORIES_PREFIX || 'categories_',
        imagesPrefix: process.env.CACHE_IMAGES_PREFIX || 'images_',
        imagePrefix: process.env.CACHE_IMAGE_PREFIX || 'image_',
    },
};

module.exports = config;

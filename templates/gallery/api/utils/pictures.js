'use strict';

/*
 * An uploaded file becomes two JPEGs: the photo and its thumbnail. Both are drawn anew,
 * upright and without the camera's notes, so a place or a name in them is not published.
 */

const { HttpError } = require('./errors');

const PHOTO_SIDE = 2000;
const THUMBNAIL_WIDTH = 400;
// A small file may unfold into a huge picture.
const MOST_PIXELS = 60e6;
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']);

/** Write `photo` and `thumbnail` (paths) from the file `source`; the photo's {width, height, bytes}. */
async function draw(source, photo, thumbnail) {
  const sharp = require('sharp');
  try {
    const opened = sharp(source, { limitInputPixels: MOST_PIXELS, failOn: 'error' });
    const { format } = await opened.metadata();
    if (!FORMATS.has(format)) throw new Error(`format ${format}`);
    const upright = opened.rotate().flatten({ background: '#ffffff' });
    const { width, height, size } = await upright.clone()
      .resize(PHOTO_SIDE, PHOTO_SIDE, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 84, progressive: true })
      .toFile(photo);
    await upright.clone()
      .resize(THUMBNAIL_WIDTH, undefined, { withoutEnlargement: true })
      .jpeg({ quality: 80, progressive: true })
      .toFile(thumbnail);
    return { width, height, bytes: size };
  } catch (error) {
    console.error(`A file is no photo: ${error.message}`);
    throw new HttpError(415, 'not_a_photo', 'That file is no photo that the gallery can read. Send a JPEG, PNG or WebP.', 'photo');
  }
}

module.exports = { draw };

"""A small gallery in SQL, with what a real one has: keys, nulls, bytes, words in many scripts."""

from __future__ import annotations

GALLERY = (
    "CREATE TABLE categories (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL UNIQUE)",
    (
        "CREATE TABLE images (id INT AUTO_INCREMENT PRIMARY KEY, category_id INT NOT NULL, "
        "title VARCHAR(200),"
        " taken DATETIME(3), price DECIMAL(12,4), meta JSON, raw BLOB,"
        " CONSTRAINT `fk of images` FOREIGN KEY (category_id) REFERENCES categories (id) ON DELETE CASCADE)"
    ),
    (
        "CREATE TABLE image_tags (image_id INT NOT NULL, tag VARCHAR(20), KEY (tag),"
        " CONSTRAINT fk_tags FOREIGN KEY (image_id) REFERENCES images (id))"
    ),
    "INSERT INTO categories VALUES (7, 'Söhne 🏔'), (9, 'x\\'y\\\\z\\n')",
    (
        "INSERT INTO images VALUES (1, 7, NULL, '2020-02-29 23:59:59.125', '-12345678.9012',"
        " '{\"b\": [1, null]}', X'00275C0A1AFF'), (2, 9, '', NULL, NULL, NULL, '')"
    ),
    "INSERT INTO image_tags VALUES (1, 'a'), (1, 'a'), (2, NULL)",
)

"""Databases of any size, made by the source's own server: the same seed gives the same rows.

*gallery* has the gallery's own schema. *wide* has rows of thirty columns with five secondary
keys, a text key, a foreign key to it, and LOBs of up to some MB.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tsalab import resources

MB = 1_000_000
SEED = 4
TAGS = 4999  # a prime: steps of any width reach every tag before one comes again
TAGS_EACH = 5

# Of text, measured: an image with its five tags, and a document with its page and its setting.
GALLERY_ROW = 712
WIDE_ROW = 2740

_WORDS = (
    *("lake", "dawn", "ridge", "wind", "fir", "peak", "cloud", "mirror", "quiet", "path", "crest", "dune"),
    *("noc", "nuit", "νύχτα", "ночь", "Söhne", "it's", '"twice"', "back\\slash", "über", "naïve", "山", "🏔"),
    *("evening\nlight", "tab\there", "rain,", "snow;", "ice"),
)
_TEXT = 4000  # characters: SUBSTRING counts its way through them
_NOISE = 4 * MB


def make(name: str, megabytes: int) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Statements, with their arguments, that make and fill a database.

    Parameters
    ----------
    name
        ``gallery`` or ``wide``.
    megabytes
        About so much as text.
    """
    yield "SET NAMES utf8mb4", ()
    yield "SET unique_checks = 0, foreign_key_checks = 0", ()
    chance = random.Random(SEED)  # noqa: S311 - it must give the same again
    text = ""
    while len(text) < 2 * _TEXT:
        text += chance.choice(_WORDS) + " "
    yield "SET @text = %s, @many = %s", (text, _TEXT)
    yield from {"gallery": _gallery, "wide": _wide}[name](megabytes * MB, chance)


def some(column: str, salt: int, least: int, most: int) -> str:
    """SQL of a passage of the text, different for each value of a column."""
    start = f"1 + CRC32(CONCAT({column}, 'a{salt}')) % @many"
    return f"SUBSTRING(@text, {start}, {least} + CRC32(CONCAT('b{salt}', {column})) % {most - least})"


def number(column: str, salt: int, below: int) -> str:
    """SQL of a number from 0, different for each value of a column."""
    return f"(CRC32(CONCAT('{salt}n', {column})) % {below})"


def moment(column: str, salt: int) -> str:
    """SQL of a time in some fifteen years."""
    return f"'2010-01-01' + INTERVAL {number(column, salt, 480_000_000)} SECOND"


def _gallery(size: int, _chance: random.Random) -> Iterator[tuple[str, tuple[object, ...]]]:
    schema = resources.templates() / "gallery" / "api" / "db" / "schema.sql"
    lines = schema.read_text(encoding="utf-8").splitlines()
    bare = "\n".join(line for line in lines if not line.startswith("--"))
    for statement in filter(str.strip, bare.split(";\n")):
        yield statement.rstrip("; \n"), ()
    images = max(size // GALLERY_ROW, 10)
    users = max(images // 50, 3)
    yield (
        (
            f"INSERT INTO users SELECT seq, CONCAT('user-', seq), {some('seq', 1, 5, 40)}, "
            f"CONCAT('scrypt$16384$8$1$', SHA2(seq, 384)), {moment('seq', 1)} FROM seq_1_to_{users}"
        ),
        (),
    )
    yield (
        (
            f"INSERT INTO categories SELECT seq, CONCAT('category ', seq), {some('seq', 2, 5, 200)}, "
            f"{moment('seq', 2)} FROM seq_1_to_60"
        ),
        (),
    )
    yield (
        (
            f"INSERT INTO images SELECT seq, 1 + {number('seq', 3, 60)}, 1 + {number('seq', 4, users)}, "
            f"{some('seq', 3, 5, 60)}, {some('seq', 4, 40, 480)}, {some('seq', 5, 0, 120)}, "
            f"CONCAT(LEFT(MD5(seq), 20), '.jpg'), CONCAT(LEFT(MD5(seq), 20), '_thumb.jpg'), "
            f"{number('seq', 5, 6000)}, {number('seq', 6, 4000)}, {number('seq', 7, 9_000_000)}, "
            f"{moment('seq', 3)} FROM seq_1_to_{images}"
        ),
        (),
    )
    yield (f"INSERT INTO tags SELECT seq, CONCAT('tag ', seq), {moment('seq', 4)} FROM seq_1_to_{TAGS}"), ()
    yield (
        (
            f"INSERT INTO image_tags SELECT 1 + seq DIV {TAGS_EACH}, "
            f"1 + ({number(f'(seq DIV {TAGS_EACH})', 8, TAGS)} + 613 * (seq % {TAGS_EACH})) % {TAGS}, "
            f"{moment('seq', 5)} FROM seq_0_to_{images * TAGS_EACH - 1}"
        ),
        (),
    )


OWNERS = """CREATE TABLE owners (
  code VARCHAR(40) NOT NULL PRIMARY KEY,
  name VARCHAR(120) NOT NULL,
  since DATE NULL
) CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""

_PLAIN = (
    *(f"n{i} INT NOT NULL" for i in range(6)),
    *(f"m{i} DECIMAL(18,4) NULL" for i in range(4)),
    *(f"d{i} DOUBLE NOT NULL" for i in range(3)),
    *(f"w{i} DATETIME(3) NOT NULL" for i in range(4)),
    *(f"t{i} VARCHAR(200) NULL" for i in range(6)),
)
DOCUMENTS = f"""CREATE TABLE documents (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  owner VARCHAR(40) NOT NULL,
  mark CHAR(36) NOT NULL,
  status ENUM('draft','open','closed','kept') NOT NULL,
  {", ".join(_PLAIN)},
  body TEXT NOT NULL,
  UNIQUE KEY documents_mark (mark),
  KEY documents_owner (owner),
  KEY documents_status (status, w0),
  KEY documents_number (n0),
  KEY documents_text (t0(60), m0),
  CONSTRAINT documents_owner FOREIGN KEY (owner) REFERENCES owners (code)
) CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""

PAGES = """CREATE TABLE pages (
  document BIGINT UNSIGNED NOT NULL,
  part SMALLINT NOT NULL,
  made DATETIME NOT NULL,
  content LONGBLOB NOT NULL,
  PRIMARY KEY (document, part),
  KEY pages_made (made)
) CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""

SETTINGS = """CREATE TABLE settings (
  scope VARCHAR(60) NOT NULL,
  name VARCHAR(60) NOT NULL,
  value TEXT NULL,
  seen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (scope, name),
  KEY settings_seen (seen)
) CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""


def _wide(size: int, chance: random.Random) -> Iterator[tuple[str, tuple[object, ...]]]:
    for statement in (OWNERS, DOCUMENTS, PAGES, SETTINGS):
        yield statement, ()
    rows = max(size // WIDE_ROW, 20)
    owners = max(rows // 100, 3)
    owner = f"CONCAT('owner/', LEFT(SHA1({number('seq', 1, owners)}), 24))"
    yield (
        (
            "INSERT INTO owners SELECT CONCAT('owner/', LEFT(SHA1(seq - 1), 24)), "
            f"{some('seq', 1, 5, 80)}, NULLIF(DATE({moment('seq', 1)}), '2015-01-01') FROM seq_1_to_{owners}"
        ),
        (),
    )
    # Doubles of few digits: the other tools would lose the last ones, which is not measured here.
    values = (
        *(number("seq", 10 + i, 2_000_000_000) for i in range(6)),
        *(f"NULLIF({number('seq', 20 + i, 1_000_000)}, 7) / 16" for i in range(4)),
        *(f"{number('seq', 30 + i, 1_000_000)} / 1024e0" for i in range(3)),
        *(f"{moment('seq', 40 + i)} + INTERVAL seq % 1000 * 1000 MICROSECOND" for i in range(4)),
        *(f"IF(seq % 11 = {i}, NULL, {some('seq', 50 + i, 5, 90)})" for i in range(6)),
    )
    yield (
        (
            f"INSERT INTO documents SELECT seq, {owner}, "
            "INSERT(INSERT(INSERT(INSERT(MD5(seq), 21, 0, '-'), 17, 0, '-'), 13, 0, '-'), 9, 0, '-'), "
            f"1 + seq % 4, {', '.join(values)}, {some('seq', 60, 100, 900)} FROM seq_1_to_{rows}"
        ),
        (),
    )
    yield "SET @noise = _binary %s, @long = %s", (chance.randbytes(_NOISE), _NOISE)
    # One document in 6 has a page of up to 8 KB; one in 3,000 has one of 1 to 3 MB.
    for part, every, least, most in ((1, 6, 100, 8_000), (2, 3_000, MB, 3 * MB)):
        width = f"{least} + {number('seq', 70 + part, most - least)}"
        start = f"1 + {number('seq', 80 + part, _NOISE - most)}"
        yield (
            (
                f"INSERT INTO pages SELECT seq, {part}, {moment('seq', 90)}, "
                f"SUBSTRING(@noise, {start}, {width}) FROM seq_{every}_to_{max(rows, every)}_step_{every}"
            ),
            (),
        )
    yield (
        (
            f"INSERT INTO settings SELECT CONCAT('scope ', SHA1(seq % {owners})), CONCAT('name ', seq), "
            f"NULLIF({some('seq', 100, 0, 200)}, ''), {moment('seq', 101)} FROM seq_1_to_{rows}"
        ),
        (),
    )

"""The nearest collation that a target has.

MariaDB's newest collations are of Unicode 14 (``uca1400``), MySQL's of Unicode 9 (``0900``). The
languages' rules have other names, and the nearest one keeps as much as it can: the character set
always (bytes are moved as they are), then the language, then accents and case, then whether
trailing spaces count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tsalab.migrate.catalogue.servers import Server

# MariaDB's names of languages, and MySQL's.
_LANGUAGES = {
    "croatian": "hr",
    "czech": "cs",
    "danish": "da",
    "esperanto": "eo",
    "estonian": "et",
    "german2": "de_pb",
    "hungarian": "hu",
    "icelandic": "is",
    "latvian": "lv",
    "lithuanian": "lt",
    "polish": "pl",
    "roman": "la",
    "romanian": "ro",
    "slovak": "sk",
    "slovenian": "sl",
    "spanish": "es",
    "spanish2": "es_trad",
    "swedish": "sv",
    "turkish": "tr",
    "vietnamese": "vi",
}
_OF_CODES = {code: language for language, code in _LANGUAGES.items()}

_UCA1400 = re.compile(
    r"(?P<charset>[a-z0-9]+)_uca1400(?:_(?P<language>[a-z0-9]+?))??(?P<nopad>_nopad)?_(?P<weights>a[is]_c[is])"
)
_0900 = re.compile(
    r"(?P<charset>utf8mb4)(?:_(?P<language>[a-z_]+?))?_0900_(?P<weights>bin|a[is](?:_c[is](?:_ks)?)?)"
)


def nearest(collation: str, server: Server) -> str:
    """The collation that comes nearest; itself where the server has it, empty when it has none.

    Parameters
    ----------
    collation
        Its full name on the source.
    server
        Where it is wanted; when it is not known what that one has, nothing is changed.
    """
    if not server.collations or collation in server.collations:
        return collation
    charset = collation.partition("_")[0]
    candidates = [*_alike(collation), f"{charset}_unicode_520_ci", f"{charset}_unicode_ci"]
    candidates.append(server.defaults.get(_other_name(charset), server.defaults.get(charset, "")))
    for candidate in candidates:
        for name in (candidate, candidate.replace(charset, _other_name(charset), 1)):
            if name in server.collations:
                return name
    return ""


def _alike(collation: str) -> Iterator[str]:
    if match := _UCA1400.fullmatch(collation):
        yield from _of_uca1400(**match.groupdict())
    elif match := _0900.fullmatch(collation):
        yield from _of_0900(**match.groupdict())
    elif "_nopad_" in collation:
        if collation == "utf8mb4_nopad_bin":
            yield "utf8mb4_0900_bin"
        elif collation.startswith("utf8mb4_unicode_"):
            yield "utf8mb4_0900_ai_ci"
        yield collation.replace("_nopad_", "_")
    yield collation  # as it is called under the character set's other name
    yield collation.replace("_mysql561", "")


def _of_uca1400(charset: str, language: str | None, nopad: str | None, weights: str) -> Iterator[str]:
    """For a MySQL, or an older MariaDB."""
    if charset == "utf8mb4":
        code = _LANGUAGES.get(language or "", "")
        # MySQL has no collation that sees case and no accents.
        seen = "as_cs" if weights.endswith("cs") else weights
        for prefix in ([f"{code}_"] if code else []) + [""]:
            yield f"utf8mb4_{prefix}0900_{seen}"
    if language:
        yield f"{charset}_{language}_ci"
    yield f"{charset}_unicode_520{nopad or ''}_ci"


def _of_0900(charset: str, language: str | None, weights: str) -> Iterator[str]:
    """For a MariaDB."""
    if weights == "bin":
        yield f"{charset}_nopad_bin"
        yield f"{charset}_bin"
        return
    full = weights if "_c" in weights else f"{weights}_ci"
    full = full.removesuffix("_ks")
    name = _OF_CODES.get(language or "", "")
    for part in ([f"_{name}"] if name else []) + [""]:
        yield f"{charset}_uca1400{part}_nopad_{full}"
    if name:
        yield f"{charset}_{name}_ci"
    if full.endswith("cs"):
        yield f"{charset}_nopad_bin"  # an older MariaDB has no other that tells case apart
    yield f"{charset}_unicode_520_nopad_ci"


def _other_name(charset: str) -> str:
    """The character set's older or newer name: servers call the three-byte one differently."""
    return {"utf8": "utf8mb3", "utf8mb3": "utf8"}.get(charset, charset)

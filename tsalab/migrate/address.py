"""Where a database is, as a person writes it: a URL, and what MySQL's option files add."""

from __future__ import annotations

import configparser
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from pymysql.optionfile import Parser

from tsalab.errors import SettingError
from tsalab.messages import say

PORT = 3306
# MySQL's clients read these in values, and PyMySQL's parser leaves them as they are.
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "r": "\r", "s": " ", "\\": "\\"}


@dataclass(frozen=True)
class Address:
    """What a URL says; what it leaves out is empty or None.

    Attributes
    ----------
    user, host, port, database
        Decoded.
    """

    user: str = ""
    host: str = ""
    port: int | None = None
    database: str = ""


def read_url(url: str, name: str, scheme: str = "mysql") -> Address:
    """Read a URL.

    Parameters
    ----------
    url
        As it was given. Parts of it that are malformed are never repeated: they may be a
        password.
    name
        What messages call it, e.g. ``SOURCE``.
    scheme
        What it has to be. Only ``mysql`` has a database.

    Raises
    ------
    SettingError
        When it is no such URL, or holds a password.
    """
    form = "ssh://user@host:port" if scheme == "ssh" else "mysql://user@host:port/database"
    try:
        parts = urlsplit(url)
        port = parts.port if "@" not in parts.path else None
        secret = parts.password is not None
    except ValueError:
        raise SettingError.bad_url(name, say("commands.migrate.url.malformed"), form) from None
    if "://" not in url or parts.scheme != scheme:
        raise SettingError.bad_url(name, say("commands.migrate.url.scheme", scheme=scheme), form)
    if secret or "@" in parts.path:
        raise SettingError.password_in_url(name)
    if parts.query or parts.fragment:
        raise SettingError.bad_url(name, say("commands.migrate.url.query"), form)
    return Address(
        unquote(parts.username or ""),
        unquote(parts.hostname or ""),
        port,
        _database(parts, name, scheme, form),
    )


def _database(parts: SplitResult, name: str, scheme: str, form: str) -> str:
    database = parts.path.removeprefix("/")
    if "/" in database or (database and scheme != "mysql"):
        raise SettingError.bad_url(name, say("commands.migrate.url.path"), form)
    return unquote(database)


@dataclass(frozen=True)
class Given:
    """What option files say; None for what they leave out.

    Attributes
    ----------
    user, password, host, port, ca
        As MySQL's clients understand ``user``, ``password``, ``host``, ``port``, ``ssl-ca``.
    """

    user: str | None = None
    password: str | None = None
    host: str | None = None
    port: int | None = None
    ca: Path | None = None

    def __repr__(self) -> str:
        return f"Given(user={self.user!r}, host={self.host!r}, port={self.port!r}, ca={self.ca!r})"


def read_option_files(paths: Sequence[Path], suffix: str) -> Given:
    """Read option files as MySQL's own clients do with ``--defaults-group-suffix``.

    Parameters
    ----------
    paths
        The files; a later one goes before an earlier one.
    suffix
        Of the group that is read besides ``client`` and goes before it, e.g. ``_source``.

    Raises
    ------
    SettingError
        When a file is not there, or cannot be read.
    """
    found: dict[str, str] = {}
    for path in paths:
        parser = _parse(path)
        for group in ("client", f"client{suffix}"):
            if parser.has_section(group):
                found |= _options(parser, group)
    port = found.get("port")
    if port is not None and not port.isdecimal():
        raise SettingError.bad_option_file(paths[-1], say("commands.migrate.option_port"))
    ca = found.get("ssl-ca")
    return Given(
        found.get("user"),
        found.get("password"),
        found.get("host"),
        None if port is None else int(port),
        Path(ca).expanduser() if ca else None,
    )


def _options(parser: Parser, group: str) -> dict[str, str]:
    """Those of a group that have a value: a ``password`` alone means that one is to be asked for."""
    with_value = (
        name
        for name in parser.options(group)
        if configparser.RawConfigParser.get(parser, group, name) is not None
    )
    return {
        name: re.sub(r"\\([btnrs\\])", lambda found: _ESCAPES[found[1]], parser.get(group, name))
        for name in with_value
    }


def _parse(path: Path) -> Parser:
    # The parser's own errors quote the line, which may hold the password.
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingError.bad_option_file(path, str(error.strerror)) from None
    except UnicodeDecodeError:
        raise SettingError.bad_option_file(path, say("commands.migrate.option_encoding")) from None
    parser = Parser(strict=False, delimiters=("=",))
    # Indented lines go on with a value in other files of this kind, and begin an option in MySQL's.
    lines = [line.strip() for line in text.splitlines()]
    try:
        parser.read_string("\n".join(line for line in lines if not line.startswith("!")))
    except configparser.Error:
        raise SettingError.bad_option_file(path, say("commands.migrate.option_form")) from None
    return parser

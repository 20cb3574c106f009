"""Reads a database into the words of `model`: its tables, its stored objects, its server.

Only by information_schema and SHOW, inside whatever transaction the connection has; nothing is
written. What a target could not take is no business of this room: `ddl` changes it, `planning`
says so.
"""

from __future__ import annotations

from tsalab.migrate.catalogue.asking import ask, quote, readable
from tsalab.migrate.catalogue.servers import Server, read_server
from tsalab.migrate.catalogue.tables import (
    PRIVATE_PREFIX,
    Entry,
    columns,
    entries,
    foreign_key_names,
    keys,
    read_table,
    read_tables,
    tables,
)

__all__ = [
    "PRIVATE_PREFIX",
    "Entry",
    "Server",
    "ask",
    "columns",
    "entries",
    "foreign_key_names",
    "keys",
    "quote",
    "read_server",
    "read_table",
    "read_tables",
    "readable",
    "tables",
]

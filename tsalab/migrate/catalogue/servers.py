"""What kind of server it is: vendor, version, and what it has that another may lack."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tsalab.migrate.catalogue.asking import ask, ask_pairs
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Vendor

# Variables that decide whether and how a target can be filled, and how a source is to be read.
_ASKED = (
    "aurora_version",
    "binlog_format",
    "character_set_database",
    "collation_database",
    "innodb_force_primary_key",
    "local_infile",
    "log_bin",
    "log_bin_trust_function_creators",
    "lower_case_table_names",
    "max_allowed_packet",
    "restrict_fk_on_non_standard_key",
    "sql_require_primary_key",
    "system_time_zone",
)

_DEFAULTS = "SELECT CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME FROM information_schema.CHARACTER_SETS"


@dataclass(frozen=True)
class Server:
    """A server, as a rewrite and a plan need to know it.

    Attributes
    ----------
    vendor
        Whose.
    version
        Major, minor, patch.
    database
        The one that is in use.
    aurora
        Whether it is Aurora MySQL.
    collations
        Every collation it knows, to its character set. A collation for any character set
        (MariaDB's ``uca1400_ai_ci``) counts once for each.
    defaults
        Character set to its default collation.
    variables
        Settings, by name; those it does not have are not there.
    """

    vendor: Vendor
    version: tuple[int, ...]
    database: str = ""
    aurora: bool = False
    collations: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def mariadb(self) -> bool:
        """Whether it is MariaDB."""
        return self.vendor is Vendor.MARIADB

    @property
    def named(self) -> str:
        """Vendor and version, for people."""
        return f"{self.vendor} {'.'.join(map(str, self.version))}"

    def on(self, variable: str) -> bool:
        """Whether a switch is on; one that the server does not have is off."""
        return self.variables.get(variable, "").upper() in {"ON", "1"}


def read_server(connection: Connection) -> Server:
    """Ask a server what it is; within `readable`."""
    version, database = ask(connection, "SELECT VERSION(), DATABASE()")[0]
    vendor = Vendor.MARIADB if "mariadb" in version.lower() else Vendor.MYSQL
    names = ", ".join(["%s"] * len(_ASKED))
    variables = ask_pairs(connection, f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})", *_ASKED)
    # These two belong to the database in use, not to the server.
    variables.update(ask_pairs(connection, "SHOW SESSION VARIABLES LIKE '%_database'"))
    return Server(
        vendor,
        version_of(version),
        database,
        "aurora_version" in variables,
        _collations(connection, vendor),
        ask_pairs(connection, _DEFAULTS),
        variables,
    )


def version_of(text: str) -> tuple[int, ...]:
    """Numbers of a version, e.g. (10, 11, 19); without the prefix of MariaDB's replication."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text.removeprefix("5.5.5-"))
    return tuple(map(int, found.groups())) if found else (0, 0, 0)


def _collations(connection: Connection, vendor: Vendor) -> dict[str, str]:
    if vendor is Vendor.MARIADB:
        # Since 10.10 COLLATIONS gives the short names, and this table each pair's full one; before,
        # it has the same names in its only such column.
        table = "COLLATION_CHARACTER_SET_APPLICABILITY"
        full = ask(
            connection,
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema'"
            " AND TABLE_NAME = %s AND COLUMN_NAME = 'FULL_COLLATION_NAME'",
            table,
        )
        name = "FULL_COLLATION_NAME" if full else "COLLATION_NAME"
        query = f"SELECT {name}, CHARACTER_SET_NAME FROM information_schema.{table}"  # noqa: S608 - our own names
        return ask_pairs(connection, query)
    return ask_pairs(
        connection, "SELECT COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATIONS"
    )

"""Runs DDL on the target, which commits by itself, so that no crash has it run twice or never.

First it is written down what is about to be run, and what its tables look like before; then it
is run; then the position behind it is written. Whoever resumes in between looks at the tables:
as they were, it has not been run. The servers do each such statement as a whole, or not at all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from tsalab.messages import say
from tsalab.migrate.capture.queries import Query
from tsalab.migrate.capture.statements import Change, RefusedError
from tsalab.migrate.catalogue import ask, quote, readable
from tsalab.migrate.login import Connection, Login, named, number_of, text_of
from tsalab.migrate.model import Vendor

_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
_GONE = {ER.NO_SUCH_TABLE, 1932}
_MODE = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"


class Altering:
    """Runs DDL on a connection of its own.

    Parameters
    ----------
    connection, target
        Where.
    vendor
        Whose server it is.
    """

    def __init__(self, connection: Connection, target: Login, vendor: Vendor) -> None:
        self._link, self._target, self._vendor = connection, target, vendor

    def looks(self, tables: Sequence[str]) -> str:
        """A fingerprint of how tables are defined now; one that is not there has one, too."""
        with named(self._target, say("migration.doing.reading_tables")), readable(self._link):
            parts = [f"{table}\0{self._definition(table)}" for table in tables]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _definition(self, table: str) -> str:
        try:
            made = ask(self._link, f"SHOW CREATE TABLE {quote(table)}")[0][1]
        except pymysql.err.ProgrammingError as error:
            if number_of(error) not in _GONE:
                raise
            return ""
        # A server that was killed may count on from another number.
        return _COUNTER.sub("", made)

    def run(self, change: Change, query: Query) -> None:
        """Run it under the settings that it ran under on the source.

        Raises
        ------
        RefusedError
            When the target's server refuses it.
        MigrationError
            When the connection breaks.
        """
        mode: object = query.mode if self._vendor is Vendor.MARIADB else _MODE
        with named(self._target, say("migration.doing.altering")), self._link.cursor(Cursor) as cursor:
            cursor.execute(
                "SET sql_mode = %s, foreign_key_checks = %s, timestamp = %s",
                (mode, int(query.checked), query.time),
            )
            try:
                cursor.execute(change.statement)
            except (pymysql.err.ProgrammingError, pymysql.err.IntegrityError, pymysql.err.DataError) as error:
                raise _refused(error) from None
            except pymysql.err.OperationalError as error:
                if not 1000 <= number_of(error) < 2000 or number_of(error) in _BROKEN:
                    raise
                raise _refused(error) from None


_BROKEN = {1053, 1927, 1317, 1969}  # shut down, killed, interrupted


def _refused(error: pymysql.err.MySQLError) -> RefusedError:
    return RefusedError(say("capture.unsupported_ddl.because.target", reason=text_of(error)))

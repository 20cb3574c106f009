"""The data on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class MigrationError(TsalabError):
    """The data could not be read, written or verified.

    Attributes
    ----------
    passing
        Whether the connection is to blame, so that the same may go well another time.
    """

    passing = False

    @classmethod
    def already_in_use(cls, host: str) -> Self:
        """The app writes to the target already: a load would throw its rows away."""
        return cls(**error("migration.already_in_use", host=host))

    @classmethod
    def access_denied(cls, where: str, user: str) -> Self:
        """The database refuses the login."""
        return cls(**error("migration.access_denied", where=where, user=user))

    @classmethod
    def unknown_database(cls, where: str, database: str) -> Self:
        """The server has no such database."""
        return cls(**error("migration.unknown_database", where=where, database=database))

    @classmethod
    def unreachable(cls, where: str, tries: int, reason: str) -> Self:
        """Nobody answers at the address."""
        made = cls(**error("migration.unreachable", where=where, tries=tries, reason=reason))
        made.passing = True
        return made

    @classmethod
    def no_certificates(cls, path: Path, reason: str) -> Self:
        """The file of authorities cannot be used."""
        return cls(**error("migration.no_certificates", path=path, reason=reason))

    @classmethod
    def not_trusted(cls, where: str, name: str, reason: str) -> Self:
        """The server could not prove that it is who it is called."""
        return cls(**error("migration.not_trusted", where=where, name=name, reason=reason))

    @classmethod
    def not_encrypted(cls, where: str) -> Self:
        """The server has no TLS, and it was asked for."""
        return cls(**error("migration.not_encrypted", where=where))

    @classmethod
    def lost_connection(cls, where: str, doing: str) -> Self:
        """The connection broke in the middle."""
        made = cls(**error("migration.lost_connection", where=where, doing=doing))
        made.passing = True
        return made

    @classmethod
    def disk_full(cls, where: str, table: str) -> Self:
        """The server has no room for the rows."""
        return cls(**error("migration.disk_full", where=where, table=table))

    @classmethod
    def row_too_big(cls, where: str, table: str) -> Self:
        """A row is larger than the server takes in one packet."""
        return cls(**error("migration.row_too_big", where=where, table=table))

    @classmethod
    def other_data(cls, table: str, rows: int) -> Self:
        """The target's table holds rows that did not come from this copy."""
        return cls(**error("migration.other_data", table=table, rows=rows))

    @classmethod
    def unsupported(cls, what: str, reason: str) -> Self:
        """Something in the source that this copy cannot move."""
        return cls(**error("migration.unsupported", what=what, reason=reason))

    @classmethod
    def refused_statement(cls, where: str, doing: str, number: int, reason: str) -> Self:
        """The server refused a statement."""
        return cls(
            **error("migration.refused_statement", where=where, doing=doing, number=number, reason=reason)
        )

    @classmethod
    def not_equal(cls, table: str, source_rows: int, target_rows: int) -> Self:
        """A table was written and reads back differently; it was rolled back."""
        return cls(
            **error("migration.not_equal", table=table, source_rows=source_rows, target_rows=target_rows)
        )

    @classmethod
    def refused_plan(cls, reasons: Sequence[str]) -> Self:
        """The plan holds what cannot be moved; nothing was written."""
        return cls(**error("migration.refused_plan", reasons=" ".join(reasons)))

    @classmethod
    def begun_before(cls, table: str) -> Self:
        """An earlier run left a part in the target, and this one was not told to resume."""
        return cls(**error("migration.begun_before", table=table))

    @classmethod
    def no_table(cls, table: str) -> Self:
        """The database has no such table."""
        return cls(**error("migration.no_table", table=table))

    @classmethod
    def unknown_tables(cls, database: str, near: Mapping[str, Sequence[str]], names: Sequence[str]) -> Self:
        """Tables were chosen that the source does not have."""
        found = sorted({name for alike in near.values() for name in alike})
        return cls(
            **error(
                "migration.unknown_tables" if found else "migration.unknown_tables_at_all",
                database=database,
                unknown=", ".join(near),
                near=", ".join(found or names),
            )
        )

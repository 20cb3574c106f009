"""The data on its way."""

from __future__ import annotations

from typing import Self

from tsalab.errors.base import TsalabError


class MigrationError(TsalabError):
    """The data could not be read, written or verified."""

    @classmethod
    def already_in_use(cls, host: str) -> Self:
        """The app writes to the target already: a load would throw its rows away."""
        return cls(
            "The data was not loaded.",
            f"The app already runs on {host}; loading the dump again would overwrite what was written since.",
            "If Aurora lacks rows, compare it with the dump and add them by hand.",
        )

    @classmethod
    def access_denied(cls, where: str, user: str) -> Self:
        """The database refuses the login."""
        return cls(
            f"The {where} refused user {user}.",
            "The password is not the current one, or the user may not use this database.",
            "Read the secret again (or the application's configuration) and use what it holds now.",
        )

    @classmethod
    def unknown_database(cls, where: str, database: str) -> Self:
        """The server has no such database."""
        return cls(
            f"The {where} has no database {database}.",
            "The name is wrong, or the database was dropped.",
            "Use the source's tsagallery, and the cluster's DatabaseName (the secret's dbname).",
        )

    @classmethod
    def unreachable(cls, where: str, tries: int, reason: str) -> Self:
        """Nobody answers at the address."""
        return cls(
            f"The {where} cannot be reached ({tries} tries).",
            reason,
            "Check that the database runs (a paused cluster needs up to a minute to wake) and that "
            "its security group lets the web server in on port 3306.",
        )

    @classmethod
    def lost_connection(cls, where: str, doing: str) -> Self:
        """The connection broke in the middle."""
        return cls(
            f"The connection to the {where} broke while {doing}.",
            "The server stopped or restarted, or the way to it failed. Nothing half-done was kept: "
            "a table is written in one transaction.",
            "Run this again: tables that are already equal are left alone.",
        )

    @classmethod
    def disk_full(cls, where: str, table: str) -> Self:
        """The server has no room for the rows."""
        return cls(
            f"The {where} has no room left for table {table}.",
            "Its disk, or the table's space, is full.",
            "Make room on it, then run this again.",
        )

    @classmethod
    def row_too_big(cls, where: str, table: str) -> Self:
        """A row is larger than the server takes in one packet."""
        return cls(
            f"The {where} does not take a row of table {table}.",
            "The row is larger than its max_allowed_packet.",
            "Raise max_allowed_packet in its parameter group, then run this again.",
        )

    @classmethod
    def other_table(cls, table: str, difference: str) -> Self:
        """The target has a table of that name which is another one."""
        return cls(
            f"The target already has another table {table}.",
            difference,
            "Choose an empty database, or drop that table if you do not need it.",
        )

    @classmethod
    def other_data(cls, table: str, rows: int) -> Self:
        """The target's table holds rows that did not come from this copy."""
        return cls(
            f"The target's table {table} holds {rows} rows that are not a copy of the source's.",
            "Something else wrote them: the application after the cut-over, or another import. "
            "Replacing them would lose them.",
            "If they may go, empty that table and run this again; else there is nothing to copy.",
        )

    @classmethod
    def unsupported(cls, what: str, reason: str) -> Self:
        """Something in the source that this copy cannot move."""
        return cls(
            f"This copy cannot move {what}.",
            reason,
            "Move it with mysqldump, or drop it from the source if it is not needed.",
        )

    @classmethod
    def refused_statement(cls, where: str, doing: str, number: int, reason: str) -> Self:
        """The server refused a statement."""
        return cls(
            f"The {where} refused {doing} (error {number}).",
            reason,
            "Mend what the server names, then run this again.",
        )

    @classmethod
    def not_equal(cls, table: str, source_rows: int, target_rows: int) -> Self:
        """A table was written and reads back differently; it was rolled back."""
        return cls(
            f"Table {table} did not arrive as it was sent: {source_rows} rows left, {target_rows} arrived, "
            "or their content differs.",
            "The target changed values (another character set, type or SQL mode). Its transaction was "
            "rolled back.",
            "Compare SHOW CREATE TABLE on both sides, and report the table.",
        )

    @classmethod
    def no_table(cls, table: str) -> Self:
        """The database has no such table."""
        return cls(
            f"There is no table {table}.",
            "It was never created, or has another name.",
            "Compare with SHOW TABLES.",
        )

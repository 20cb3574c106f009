"""Changes on their way: what a source logs, and what the target does with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from tsalab.errors.migration import MigrationError
from tsalab.messages import error


class CaptureError(MigrationError):
    """The changes of a source cannot be read, or not be applied to the target."""

    @classmethod
    def no_binary_log(cls, where: str) -> Self:
        """The source's binary log is off."""
        return cls(**error("capture.no_binary_log", where=where))

    @classmethod
    def not_ready(cls, where: str, reasons: Sequence[str]) -> Self:
        """The source or the target is not set up for it."""
        return cls(**error("capture.not_ready", where=where, reasons=" ".join(reasons)))

    @classmethod
    def no_start(cls, where: str) -> Self:
        """Neither a position was given, nor does the target hold one."""
        return cls(**error("capture.no_start", where=where))

    @classmethod
    def no_snapshot(cls, where: str) -> Self:
        """The copy's snapshot has no position in the log."""
        return cls(**error("capture.no_snapshot", where=where))

    @classmethod
    def purged(cls, where: str, position: str, first: str) -> Self:
        """The source has thrown that part of its log away."""
        return cls(**error("capture.purged", where=where, position=position, first=first))

    @classmethod
    def other_source(cls, where: str, follows: str, asked: str) -> Self:
        """The target follows another database."""
        return cls(**error("capture.other_source", where=where, follows=follows, asked=asked))

    @classmethod
    def another_capture(cls, where: str) -> Self:
        """Somebody else applies changes to the target."""
        return cls(**error("capture.another_capture", where=where))

    @classmethod
    def damaged_log(cls, where: str, position: str) -> Self:
        """An event's checksum or length is wrong."""
        return cls(**error("capture.damaged_log", where=where, position=position))

    @classmethod
    def log_too_long(cls, where: str, file: str) -> Self:
        """A file of the log has grown beyond what a position can say."""
        return cls(**error("capture.log_too_long", where=where, file=file))

    @classmethod
    def incident(cls, position: str) -> Self:
        """The source says itself that its log lacks something."""
        return cls(**error("capture.incident", position=position))

    @classmethod
    def unreadable_change(cls, table: str, column: str, kind: int) -> Self:
        """A column has a type whose values in the log cannot be read exactly."""
        return cls(**error("capture.unreadable_change", table=table, column=column, kind=kind))

    @classmethod
    def no_column_names(cls, table: str) -> Self:
        """The log does not name the columns."""
        return cls(**error("capture.no_column_names", table=table))

    @classmethod
    def partial_image(cls, table: str) -> Self:
        """The log has not every column of a changed row."""
        return cls(**error("capture.partial_image", table=table))

    @classmethod
    def distributed_transaction(cls, table: str, position: str) -> Self:
        """A transaction was prepared (XA), and whether it ends well is not known."""
        return cls(**error("capture.distributed_transaction", table=table, position=position))

    @classmethod
    def rolled_back(cls, position: str) -> Self:
        """A transaction was rolled back and logged, for a part of it cannot be undone."""
        return cls(**error("capture.rolled_back", position=position))

    @classmethod
    def other_columns(cls, table: str, columns: Sequence[str]) -> Self:
        """The target's table cannot hold what the source's does."""
        return cls(**error("capture.other_columns", table=table, columns=", ".join(columns)))

    @classmethod
    def not_applied(cls, kind: str, table: str, found: int, wanted: int, reason: str) -> Self:
        """A change found other rows in the target than it has to."""
        return cls(
            **error("capture.not_applied", kind=kind, table=table, found=found, wanted=wanted, reason=reason)
        )

    @classmethod
    def not_behind(cls, where: str, position: str, reached: str) -> Self:
        """To go on there would do again what was done."""
        return cls(**error("capture.not_behind", where=where, position=position, reached=reached))

    @classmethod
    def not_drained(cls, position: str, reached: str, seconds: float) -> Self:
        """The target did not come as far as it had to in time."""
        return cls(**error("capture.not_drained", position=position, reached=reached, seconds=seconds))

    @classmethod
    def not_running(cls, position: str) -> Self:
        """Nobody applies the changes that are waited for."""
        return cls(**error("capture.not_running", position=position))

    @classmethod
    def unsupported_ddl(cls, statement: str, position: str, end: str, reason: str) -> Self:
        """A statement changes the source's tables in a way that is left to a person."""
        return cls(
            **error("capture.unsupported_ddl", statement=statement, position=position, end=end, reason=reason)
        )

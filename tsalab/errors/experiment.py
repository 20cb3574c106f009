"""Experiments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class ExperimentError(TsalabError):
    """An experiment cannot be made here, or found what should not be."""

    @classmethod
    def no_cluster(cls) -> Self:
        """The lab is not far enough: there is no cluster, or no secret, yet."""
        return cls(**error("experiments.no_cluster"))

    @classmethod
    def nothing_to_compare(cls) -> Self:
        """The old database is stopped, and the journal says nothing of the move."""
        return cls(**error("experiments.nothing_to_compare"))

    @classmethod
    def tables_differ(cls, tables: Iterable[str]) -> Self:
        """Tables are not what they were before they were moved."""
        return cls(**error("experiments.tables_differ", tables=", ".join(tables)))

    @classmethod
    def not_reached(cls, sides: Iterable[str]) -> Self:
        """DMS cannot log in at an endpoint."""
        return cls(**error("experiments.not_reached", sides=", ".join(sides)))

    @classmethod
    def unknown_kind(cls, kind: str, known: Iterable[str]) -> Self:
        """DMS moves nothing in that way."""
        return cls(**error("experiments.unknown_kind", kind=kind, known=", ".join(known)))

    @classmethod
    def no_task(cls) -> Self:
        """There is no task of DMS yet."""
        return cls(**error("experiments.no_task"))

    @classmethod
    def task_failed(cls, status: str, said: str) -> Self:
        """A task of DMS ended otherwise than it should."""
        return cls(**error("experiments.task_failed", status=status, said=said))

    @classmethod
    def not_caught_up(cls, rows: int, seconds: float) -> Self:
        """What was written did not arrive in time."""
        return cls(**error("experiments.not_caught_up", rows=rows, seconds=seconds))

    @classmethod
    def never_woke(cls, cluster: str, seconds: float) -> Self:
        """A cluster that was asked through the Data API did not wake in time."""
        return cls(**error("experiments.never_woke", cluster=cluster, seconds=seconds))

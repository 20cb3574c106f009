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

    @classmethod
    def never_pauses(cls, cluster: str) -> Self:
        """A cluster has no auto-pause."""
        return cls(**error("experiments.never_pauses", cluster=cluster))

    @classmethod
    def takes_long(cls, hours: str) -> Self:
        """Nothing makes time pass faster here, and nobody said that the hours are wanted."""
        return cls(**error("experiments.takes_long", hours=hours))

    @classmethod
    def not_on_aurora(cls, host: str) -> Self:
        """The app that serves the site does not use the cluster."""
        return cls(**error("experiments.not_on_aurora", host=host))

    @classmethod
    def code_differs(cls, path: str, wanted: str) -> Self:
        """The app's code has no place for a remedy."""
        return cls(**error("experiments.code_differs", path=path, wanted=wanted))

    @classmethod
    def not_served(cls, seconds: float, url: str) -> Self:
        """No visitor was served for too long."""
        return cls(**error("experiments.not_served", seconds=seconds, url=url))

    @classmethod
    def stays_awake(cls, cluster: str, seconds: float) -> Self:
        """A cluster should have been asleep by now."""
        return cls(**error("experiments.stays_awake", cluster=cluster, seconds=seconds))

    @classmethod
    def driver_silent(cls, seconds: float) -> Self:
        """The npm driver did not begin to connect."""
        return cls(**error("experiments.driver_silent", seconds=seconds))

    @classmethod
    def nothing_measured(cls) -> Self:
        """There are no hours to make an estimate of."""
        return cls(**error("experiments.nothing_measured"))

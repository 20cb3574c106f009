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
    def never_woke(cls, cluster: str, seconds: float) -> Self:
        """A cluster that was asked through the Data API did not wake in time."""
        return cls(**error("experiments.never_woke", cluster=cluster, seconds=seconds))

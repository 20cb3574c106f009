"""The cut-over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class CutoverError(TsalabError):
    """The gallery cannot be cut over, or not taken back, as things are."""

    @classmethod
    def already_on_aurora(cls, host: str) -> Self:
        """The app runs on Aurora already, and no cut-over brought it there."""
        return cls(**error("cutover.error.already_on_aurora", host=host))

    @classmethod
    def app_silent(cls, host: str) -> Self:
        """Nobody says which database the app uses."""
        return cls(**error("cutover.error.app_silent", host=host))

    @classmethod
    def no_standby(cls, repository: str) -> Self:
        """The app's code cannot stand by."""
        return cls(**error("cutover.error.no_standby", repository=repository))

    @classmethod
    def has_objects(cls, objects: Iterable[str]) -> Self:
        """The old database has more than tables."""
        return cls(**error("cutover.error.has_objects", objects=", ".join(objects)))

    @classmethod
    def not_ready(cls, host: str, seconds: float, log: str) -> Self:
        """The new version did not stand by in time."""
        return cls(**error("cutover.error.not_ready", host=host, seconds=seconds, log=log))

    @classmethod
    def not_equal(cls, tables: Iterable[str]) -> Self:
        """Both databases should hold the same, and do not."""
        return cls(**error("cutover.error.not_equal", tables=", ".join(tables)))

    @classmethod
    def not_served(cls, url: str, wanted: str) -> Self:
        """The site does not show the other database after the switch."""
        return cls(**error("cutover.error.not_served", url=url, wanted=wanted))

    @classmethod
    def never_near(cls, seconds: float, lag: float) -> Self:
        """The follower does not catch up with what is written."""
        return cls(**error("cutover.error.never_near", seconds=seconds, lag=lag))

    @classmethod
    def returning(cls) -> Self:
        """A way back was begun, and is to be finished first."""
        return cls(**error("cutover.error.returning"))

    @classmethod
    def nothing_to_confirm(cls) -> Self:
        """No cut-over waits for its confirmation."""
        return cls(**error("cutover.error.nothing_to_confirm"))

    @classmethod
    def nothing_to_take_back(cls) -> Self:
        """No cut-over is under way."""
        return cls(**error("cutover.error.nothing_to_take_back"))

    @classmethod
    def no_old_code(cls, host: str) -> Self:
        """The server's clone has no commit without the lab's edits."""
        return cls(**error("cutover.error.no_old_code", host=host))

    @classmethod
    def writes_amiss(cls, lost: int, doubled: int) -> Self:
        """Writes that the gallery acknowledged are not there, or more than once."""
        return cls(**error("cutover.error.writes_amiss", lost=lost, doubled=doubled))

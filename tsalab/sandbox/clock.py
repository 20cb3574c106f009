"""The clock of a sandbox: a file in its folder, which the profile names for whoever uses it."""

from __future__ import annotations

from tsalab import clock
from tsalab.sandbox.folder import Folder

FILE = "clock.json"


class Clock(clock.Clock):
    """The clock of one sandbox.

    Parameters
    ----------
    folder
        The sandbox.
    """

    def __init__(self, folder: Folder) -> None:
        super().__init__(folder.path(FILE))

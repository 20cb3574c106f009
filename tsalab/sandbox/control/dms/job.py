"""What a task's process is told on its standard input, and what it tells back: one JSON line each.

Nobody else reads that pipe, so passwords may stand in it; they are in no argument, environment
or file of the process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

FULL_LOAD, CDC, BOTH = "full-load", "cdc", "full-load-and-cdc"
STOP = "stop"
"""The line that asks it to stop; the end of its input does, too."""


class FatalError(Exception):
    """A task cannot go on, in DMS's words."""


@dataclass(frozen=True)
class Side:
    """One database server.

    Parameters
    ----------
    host
        As the endpoint names it, with its port: what messages say.
    port
        On loopback, where a passage leads there.
    user, password
        Who enters.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Job:
    """What is to be done.

    Parameters
    ----------
    name
        The task's own id, by which its notes on the target are found again.
    kind
        ``full-load``, ``cdc`` or ``full-load-and-cdc``.
    source, target
        From and to.
    mappings
        The task's table mappings, as JSON.
    one_database
        The database that all tables go to; empty when each goes to its schema's.
    prepare, writers, stop_after
        As `task_settings` has them.
    again
        Whether it goes on from what an earlier process left.
    position
        Where in the source's log a task of kind ``cdc`` begins; empty for its end.
    """

    name: str
    kind: str
    source: Side
    target: Side
    mappings: str
    one_database: str
    prepare: str
    writers: int
    stop_after: str
    again: bool
    position: str = ""

    def to_line(self) -> str:
        """The job as one line."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Job:
        """Read a line."""
        found: Mapping[str, Any] = json.loads(line)
        sides = {name: Side(**found[name]) for name in ("source", "target")}
        return cls(**{**found, **sides})

"""Change data capture: what a source goes on to do, done on the target too.

Usable on its own, like `migrate`: two logins. `Replication` follows the binary log of a MariaDB
from the position of a copy's snapshot, applies it in whole transactions, and resumes after any
crash without loss or doubles. Nothing here writes to the source.

`stream` has the log sent and takes it apart into events; `rows` and `values` read them into SQL
literals without a loss; `feed` does so in a thread, and `following` applies what it hands on:
`shape` knows how a table's rows are written on the target, `writing` sends many at once and counts
what each did. `notes` is the position, written in the same transactions. `statements` tells which
DDL can be run on the target too, and `altering` runs it so that a crash has it done once.

Views, triggers, routines and events are made at the cut-over (`make_objects`): a trigger would do
again what the source's changes hold already.
"""

from __future__ import annotations

from tsalab.migrate.capture.figures import Figures, State
from tsalab.migrate.capture.going_on import forget, go_on_after, make_objects, noted
from tsalab.migrate.capture.notes import Counts, Note
from tsalab.migrate.capture.position import Position, current_position
from tsalab.migrate.capture.replication import Replication

__all__ = [
    "Counts",
    "Figures",
    "Note",
    "Position",
    "Replication",
    "State",
    "current_position",
    "forget",
    "go_on_after",
    "make_objects",
    "noted",
]

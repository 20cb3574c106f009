"""Undo of steps 13 and 14: the dump goes, and Aurora's tables.

They run only once the app is on the old database again. What visitors wrote to Aurora
would otherwise stay there, and step 14 would not find both databases equal: so going back
to before a later step, from an app that ran on Aurora, moves the data anew.
"""

from __future__ import annotations

import shlex

from tsalab import migrate
from tsalab.errors import TsalabError
from tsalab.messages import say
from tsalab.server import mariadb
from tsalab.show import StepView
from tsalab.steps import moving
from tsalab.steps.step import STEPS
from tsalab.steps.undo.move import Back, Loss, Move
from tsalab.steps.undo.rows import lost_rows, unknown_rows, written_since
from tsalab.steps.world import World

_EXPORT, _IMPORT, _WAIT = 13, 14, 9


@STEPS.undo(_EXPORT, _IMPORT)
def undo_data(back: Back) -> list[Move]:
    """Drop or empty Aurora's tables; before step 13 the dump goes, too."""
    world, losses = back.world, []
    dump = mariadb.find_dump(world.server)
    has_cluster = bool(world.resources.get("DatabaseCluster"))
    tables = has_cluster and back.to > _WAIT and _tables(world)
    if tables and (back.to <= _EXPORT or dump or any(migrate.row_counts(world.target).values())):
        losses += lost_rows(back)
    if dump and back.to <= _EXPORT:
        losses.append(Loss("dump.sql", f"{world.server_host}:{dump.path}", say("reset.dump.lost")))

    def do(view: StepView) -> None:
        fresh = world.again()
        if tables:
            gone = migrate.drop_tables(fresh.target)
            view.line(say("reset.rows.done", tables=", ".join(gone)))
            if back.to == _IMPORT and not dump:
                migrate.Migration(fresh.source, fresh.target).prepare()
        if back.to <= _EXPORT:
            while found := mariadb.find_dump(fresh.server):
                view.line(f"# rm {found.path}")
                fresh.server.run(f"rm -f {shlex.quote(found.path)}", root=True)

    return [Move(say("reset.part.data"), losses, do, after=(say("reset.part.server"),))]


def _tables(world: World) -> bool:
    return bool(migrate.row_counts(world.target))


def undo_writes(back: Back) -> list[Move]:
    """Make Aurora equal to the old database again: what was written to it since step 14 goes."""
    if not back.world.resources.get("DatabaseCluster"):
        return []
    losses = []
    try:
        since = written_since(back) or {}
        where = say("reset.rows.where", database=back.world.credentials.dbname)
    except TsalabError as error:
        since, where = {}, "Aurora"
        losses.append(unknown_rows(error))
    for name, count in since.items():
        losses.append(Loss(say("reset.rows.what", table=name), where, say("reset.rows.written", count=count)))

    def do(view: StepView) -> None:
        fresh = back.world.again()

        again = migrate.Options(resume=True, replace=True, objects=False)
        report = migrate.Migration(fresh.source, fresh.target, again).run(moving.shown(view))
        view.line(say("reset.rows.again", count=report.rows))

    return [Move(say("reset.part.data"), losses, do, after=(say("reset.part.server"),))]

"""Rows that were written to Aurora since the data was moved: counted before they are lost."""

from __future__ import annotations

from tsalab import migrate
from tsalab.errors import TsalabError
from tsalab.messages import say
from tsalab.server import mariadb
from tsalab.steps.undo.move import Back, Loss
from tsalab.steps.world import World


def lost_rows(back: Back) -> list[Loss]:
    """What is lost with Aurora's tables: each table, with its rows and how many of them nobody else has."""
    world = back.world
    try:
        now = migrate.row_counts(world.target)
        since = written_since(back)
        where = say("reset.rows.where", database=world.credentials.dbname)
    except TsalabError as error:
        return [
            Loss(say("reset.rows.unknown.what"), "Aurora", say("reset.rows.unknown.lost", why=error.what))
        ]
    found = []
    for name, count in now.items():
        if since is None:
            lost = say("reset.rows.some", count=count)
        else:
            lost = say("reset.rows.counted", count=count, written=since.get(name, 0))
        found.append(Loss(say("reset.rows.what", table=name), where, lost))
    return found


def unknown_rows(error: TsalabError) -> Loss:
    """Rows that nobody can count, and why."""
    return Loss(say("reset.rows.unknown.what"), "Aurora", say("reset.rows.unknown.lost", why=error.what))


def written_since(back: Back) -> dict[str, int] | None:
    """Rows by table that Aurora has and the moved data had not; None when nothing says what that was.

    Held against what step 14 left, by the checkpoint; else against the old database, while
    it runs. Of a large database only the number of rows is known: more of them are counted.

    Raises
    ------
    TsalabError
        When a database does not answer.
    """
    if "written" not in back.memo:
        back.memo["written"] = _written(back.world, back)
    found: dict[str, int] | None = back.memo["written"]
    return found


def _written(world: World, back: Back) -> dict[str, int] | None:
    kept = back.checkpoints.facts(14)
    if then := kept.get("marks"):
        return migrate.written(migrate.marks(world.target), then)
    if mariadb.service_state(world.server).active:
        return migrate.written(migrate.marks(world.target), migrate.marks(world.source))
    counts = migrate.row_counts(world.target)
    if rows := kept.get("rows"):
        return {name: more for name, count in counts.items() if (more := count - rows.get(name, 0)) > 0}
    if file := mariadb.find_dump(world.server):
        dumped = migrate.read_dump(mariadb.dump_lines(world.server, file)).tables
        return {name: more for name, count in counts.items() if (more := count - dumped.get(name, 0)) > 0}
    return None

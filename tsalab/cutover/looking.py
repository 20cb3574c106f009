"""What both ways ask the world: which database serves, and the commit before the lab's edits."""

from __future__ import annotations

import secrets

from tsalab.cloud.waiting import poll
from tsalab.course import LAB
from tsalab.errors import CutoverError, SiteError
from tsalab.server import Server, app
from tsalab.steps import World
from tsalab.steps.source import APP, CONFIG
from tsalab.steps.undo.history import untouched

OLD = "127.0.0.1"  # where the app's database was before the lab, by its config.js
_RESTART = 28
_COMMITS = 50  # of the server's history, to look for one without the lab's edits


def serving(world: World) -> str:
    """Host of the database behind the site, as a visitor sees it now; empty when nobody says.

    Asked at an address that nobody asked for before: CloudFront keeps an error for ten seconds.
    """
    try:
        said = world.site.api(f"health?at={secrets.token_hex(4)}")
    except SiteError:
        return ""
    return str(said.get("database", {}).get("host", ""))


def served(world: World, host: str) -> None:
    """Wait until the site is served from a database.

    Raises
    ------
    CutoverError
        When it is not in time.
    """
    _, there = poll(lambda: serving(world), lambda seen: seen == host, seconds=LAB.step(_RESTART).patience)
    if not there:
        raise CutoverError.not_served(world.site.url, host)


def old_commit(server: Server) -> str:
    """The newest commit in the server's history without the lab's edits.

    Raises
    ------
    CutoverError
        When there is none.
    """
    line = f'cd "{app.FOLDER}" && git log -n {_COMMITS} --format=%H'
    for commit in server.run(line, root=True).stdout.split():
        texts = app.read_at(server, commit, (CONFIG, APP))
        if texts and untouched(*texts):
            return commit
    raise CutoverError.no_old_code(server.host)

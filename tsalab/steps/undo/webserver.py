"""Undo of steps 27 to 29: the old database runs again, and the app on its old code.

The app is started last: it finds its database when it starts. Everything that takes Aurora
away waits for this, so that the site always has a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tsalab.cloud.waiting import poll
from tsalab.course import LAB
from tsalab.edge import Site
from tsalab.errors import ResetError, TsalabError
from tsalab.messages import say
from tsalab.server import app, mariadb
from tsalab.show import StepView
from tsalab.steps.source import APP, CONFIG
from tsalab.steps.step import STEPS
from tsalab.steps.undo.data import undo_writes
from tsalab.steps.undo.history import base_commit, untouched
from tsalab.steps.undo.move import Back, Loss, Move
from tsalab.steps.world import World

_IMPORT, _PULL, _RESTART, _STOP = 14, 27, 28, 29
_HTTP = 80
# What is typed for it, as the view shows it.
_SERVICE_ON = "# systemctl enable mariadb; systemctl start mariadb"
_GO_BACK = "# git reset --hard {commit}"
_STOP_ALL, _START, _RESTART_ALL = "# forever stopall", "# forever start ./bin/www.js", "# forever restartall"
_OLD = "127.0.0.1"  # where the app's database was before the lab, by its config.js


_Action = Callable[[StepView], None]


@STEPS.undo(_PULL, _RESTART, _STOP)
def undo_server(back: Back) -> list[Move]:
    """Start MariaDB, bring the app's code back, and start it."""
    world, losses = back.world, []
    first: list[_Action] = []  # side by side: the database needs none of the code to start
    then: list[_Action] = []
    where = world.server_host
    state = mariadb.service_state(world.server)
    if not (state.active and state.enabled):
        losses.append(Loss("mariadb", where, say("reset.mariadb.lost")))
        first.append(lambda view: _start_mariadb(world, view))
    if back.to == _RESTART and world.app_processes:
        losses.append(Loss(say("reset.app.what"), where, say("reset.app.stopped")))
        then.append(lambda view: _stop_app(world, view))
    if back.to <= _PULL:
        commit = _commit(back)
        if commit:
            losses.append(Loss(say("reset.code.what"), where, say("reset.code.lost", commit=commit[:10])))
            first.append(lambda view: _go_back(back, commit, view))
        if commit or not _on_old_database(world):
            losses.append(Loss(say("reset.app.what"), where, say("reset.app.restarted")))
            then.append(lambda view: _restart(world.again(), view))

    def do(view: StepView) -> None:
        with ThreadPoolExecutor(2, thread_name_prefix="tsalab-undo-server") as pool:
            for begun in [pool.submit(action, view) for action in first]:
                begun.result()
        for action in then:
            action(view)

    moves = [Move(say("reset.part.server"), losses, do)]
    return moves + (undo_writes(back) if _IMPORT < back.to <= _RESTART else [])


def _commit(back: Back) -> str:
    """Commit to which the server's code goes back; empty when it is there already."""
    server = back.world.server
    here = app.head(server).hash
    for commit in _candidates(back, here):
        texts = app.read_at(server, commit, (CONFIG, APP))
        if texts and untouched(*texts):
            return "" if commit == here and not app.changed(server) else commit
    raise ResetError.no_old_code(server.host, here)


def _candidates(back: Back, here: str) -> Iterator[str]:
    """Where it may go: nowhere, to where step 27 found it, to the repository's commit before the lab."""
    yield here
    if kept := str(back.checkpoints.facts(_PULL).get("commit", "")):
        yield kept
    yield base_commit(back)


def _on_old_database(world: World) -> bool:
    return bool(world.app_processes) and _database(world) == _OLD


def _database(world: World) -> str:
    """Host of the database of the app, asked on the server itself: no cache has seen it down."""
    port = world.place.tunnel(world.server, world.server_host, _HTTP)
    try:
        return str(Site(f"http://127.0.0.1:{port}").health().get("database", {}).get("host", ""))
    except TsalabError:
        return ""


def _start_mariadb(world: World, view: StepView) -> None:
    view.line(_SERVICE_ON)
    mariadb.enable_and_start(world.server, on_output=view.output)


def _stop_app(world: World, view: StepView) -> None:
    view.line(_STOP_ALL)
    app.stop_all(world.server, on_output=view.output)


def _go_back(back: Back, commit: str, view: StepView) -> None:
    world = back.world
    view.line(_GO_BACK.format(commit=commit[:10]))
    kept = app.go_back(world.server, commit, back.mark)
    back.aside += [say(f"reset.code.kept.{kind}", host=world.server_host, name=back.mark) for kind in kept]


def _restart(world: World, view: StepView) -> None:
    if len(world.app_processes) == 1:
        view.line(_RESTART_ALL)
        app.restart_all(world.server, on_output=view.output)
    else:
        if world.app_processes:
            _stop_app(world, view)
        view.line(_START)
        app.start(world.server, on_output=view.output)
    _, answers = poll(lambda: _database(world) == _OLD, bool, seconds=LAB.step(_RESTART).patience)
    if not answers:
        raise ResetError.app_silent(world.server_host)

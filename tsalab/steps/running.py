"""Why the app on the web server is not the new code on Aurora: what its processes tell."""

from __future__ import annotations

from tsalab.messages import say
from tsalab.server import app
from tsalab.server.app import Process
from tsalab.steps import diagnosis
from tsalab.steps.step import Finding
from tsalab.steps.world import World

# Seconds that an app which was just started is given: a paused Aurora takes most of them to wake.
_STARTING = 60.0


def not_running(world: World, expected: str) -> Finding:
    """The app is not in root's ``forever list``: another user started it, or nobody did."""
    own = [process for process in app.processes_of_login(world.server) if app.is_app(process)]
    if own:
        user = world.server.run("id -un").stdout.strip()
        next_step = say("check.app.as_root", user=user)
        return Finding(False, say("check.app.other_user", user=user), expected, next_step)
    return Finding(False, say("check.app.absent"), expected, say("check.app.start"))


def not_on_aurora(world: World, host: str, expected: str) -> Finding:
    """The app runs, and its database is not Aurora, or it does not answer.

    Parameters
    ----------
    world
        Where the app runs.
    host
        Its database's, by its own word; empty when it does not answer.
    expected
        The check's.
    """
    alive = [process for process in world.app_processes if process.uptime is not None]
    said = say("check.app.database", host=host) if host else say("check.app.silent")
    if not alive:
        ended = Finding(False, say("check.app.ended"), expected, say("check.app.log"))
        return diagnosis.instead(ended, diagnosis.sick_app(world))
    oldest = max(alive, key=lambda process: process.uptime or 0.0)
    start = app.started(world.server, oldest)
    saw, next_step = "", say("check.app.restart")
    if start.folder != start.wanted:
        saw = say("check.app.elsewhere", folder=start.folder, wanted=start.wanted)
    elif start.before_pull:
        saw = say("check.app.old_code", seconds=round(oldest.uptime or 0.0))
    if saw:
        return Finding(False, say("check.app.because", cause=saw, said=said), expected, next_step)
    silent = Finding(False, said, expected, next_step, coming=_starting(oldest, host))
    return diagnosis.instead(silent, diagnosis.sick_app(world))


def _starting(process: Process, host: str) -> str:
    young = process.uptime is not None and process.uptime < _STARTING
    return say("check.app.starting") if young and not host else ""

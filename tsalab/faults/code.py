"""Faults of the code and of the web server: a wrong name, an old version, a database that stopped."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tsalab.cloud.working_copy import WorkingCopy
from tsalab.errors import FaultError
from tsalab.faults.fault import Facts, Fault, Tell, has_secret, on_aurora, restart
from tsalab.files import replace_bytes
from tsalab.messages import say
from tsalab.server import app, mariadb
from tsalab.steps import World
from tsalab.steps.code import done_in_repository
from tsalab.steps.source import CONFIG, EDITS

_RIGHT, _TYPO = "!Ref PrivateSubnetB", "!Ref PrivateSubnetC"
# What `reveal` shows of it: commands, not sentences.
_COMMIT, _PULL, _RESET = 'git commit -a -m "{}"; git push', "# git pull", "# git reset --hard"
# The last version without the lab's code: the one before getSecretValue first came in.
_BEFORE = "git log --format=%H -S getSecretValue -- app.js | tail -n 1"


def _edited(world: World) -> bool:
    """Whether CodeCommit holds the lab's edits."""
    return has_secret(world) and done_in_repository(world)


# --- wrong-secret-name -------------------------------------------------------------------


@contextmanager
def _clone(world: World, name: str) -> Iterator[WorkingCopy]:
    """The learner's clone when it is up to date; one of our own when there is none."""
    own = world.clone
    if own.exists:
        if own.changed() or own.head() != world.repository.head():
            raise FaultError.not_now(name, say("faults.why.clone_differs"))
        yield own
        return
    with tempfile.TemporaryDirectory() as folder:
        made = WorkingCopy(world.place.account, Path(folder) / world.place.repository)
        made.clone(world.repository.clone_url())
        made.configure()
        yield made


def _publish(world: World, tell: Tell, clone: WorkingCopy, config: str, message: str) -> None:
    replace_bytes(clone.folder / CONFIG, config.encode())
    tell(_COMMIT.format(message))
    clone.commit(message)
    clone.push()
    tell(_PULL)
    app.pull(world.server)
    restart(world, tell)


def _misname(world: World, tell: Tell) -> Facts:
    if not _edited(world):
        raise FaultError.not_now("wrong-secret-name", say("faults.why.not_committed"))
    secret = world.secret_name
    with _clone(world, "wrong-secret-name") as clone:
        good = (clone.folder / CONFIG).read_text(encoding="utf-8")
        _publish(world, tell, clone, good.replace(secret, f"{secret}s"), "Tidy the configuration")
    return {}


def _name(world: World, tell: Tell, _facts: Mapping[str, Any]) -> None:
    edit = EDITS["config-secret-name"]
    with _clone(world, "wrong-secret-name") as clone:
        text = (clone.folder / CONFIG).read_text(encoding="utf-8")
        mended = edit.apply(text, world.secret_name)
        if mended != text:
            _publish(world, tell, clone, mended, "Name the secret again")


# --- old-database, mariadb-stopped-early ---------------------------------------------------


def _go_back(world: World, tell: Tell, name: str) -> None:
    """Put the web server on the last version that used the old database."""
    line = f'cd "{app.FOLDER}" && first=$({_BEFORE}) && [ -n "$first" ] && git reset --quiet --hard "$first^"'
    tell(_RESET)
    if world.server.run(line, root=True, check=False).status != 0:
        raise FaultError.not_now(name, say("faults.why.not_pulled"))


def _return_to_old(world: World, tell: Tell) -> Facts:
    before = mariadb.service_state(world.server)
    _go_back(world, tell, "old-database")
    mariadb.enable_and_start(world.server)
    restart(world, tell)
    return {"mariadb": before.active}


def _stop_early(world: World, tell: Tell) -> Facts:
    before = mariadb.service_state(world.server)
    moved = on_aurora(world)
    if moved:
        _go_back(world, tell, "mariadb-stopped-early")
    mariadb.stop_and_disable(world.server)
    restart(world, tell)
    return {"mariadb": before.active, "moved": moved}


def _bring_forward(world: World, tell: Tell, facts: Mapping[str, Any]) -> None:
    """Pull, and leave MariaDB as it was: running, when the app needs it or it ran before."""
    moved = facts.get("moved", _edited(world))
    if moved:
        tell(_PULL)
        app.pull(world.server)
    if facts.get("mariadb", not moved) or not moved:
        mariadb.enable_and_start(world.server)
    restart(world, tell)
    if moved and facts.get("mariadb") is False:
        mariadb.stop_and_disable(world.server)


# --- template-typo -------------------------------------------------------------------------


def _replace_in_template(world: World, old: str, new: str) -> bool:
    path = world.template_path
    text = path.read_bytes() if path.exists() else b""
    if old.encode() not in text:
        return False
    replace_bytes(path, text.replace(old.encode(), new.encode(), 1))
    return True


def _mistype(world: World, _tell: Tell) -> Facts:
    if not _replace_in_template(world, _RIGHT, _TYPO):
        raise FaultError.not_now("template-typo", say("faults.why.no_template"))
    return {}


def _correct(world: World, _tell: Tell, _facts: Mapping[str, Any]) -> None:
    _replace_in_template(world, _TYPO, _RIGHT)


FAULTS = (
    Fault("wrong-secret-name", 28, _misname, _name),
    Fault("old-database", 27, _return_to_old, _bring_forward),
    Fault("mariadb-stopped-early", 13, _stop_early, _bring_forward),
    Fault("template-typo", 1, _mistype, _correct),
)

"""What the lab keeps as steps pass, so that it can go back exactly: small facts and files.

``<workdir>/.tsalab/checkpoints/facts.json`` holds names, ids and counts by step; the
learner's template before each of its edits lies beside it. Never a secret. An undo holds
what it finds here against the real state before it trusts it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsalab import migrate
from tsalab.files import replace_bytes
from tsalab.server import app, mariadb

if TYPE_CHECKING:
    from tsalab.steps.world import World

_TEMPLATE_STEPS = range(2, 6)

# Each row leaves 16 characters; more rows than this and only their number is kept.
_MOST_ROWS = 20_000


class Checkpoints:
    """The checkpoints of one working folder.

    Parameters
    ----------
    workdir
        The learner's folder.
    """

    def __init__(self, workdir: Path) -> None:
        self._folder = workdir / ".tsalab" / "checkpoints"

    @property
    def _facts_path(self) -> Path:
        return self._folder / "facts.json"

    def before(self, step_id: object, world: World) -> None:
        """Keep what a step is about to change; what was kept before it stays.

        Raises
        ------
        TsalabError
            When the state cannot be read.
        """
        if step_id in _TEMPLATE_STEPS and world.template_path.exists():
            kept = self._template(int(str(step_id)))
            if not kept.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(world.template_path, kept)
        elif step_id in _BEFORE and not self.facts(step_id):
            self._keep(step_id, _BEFORE[step_id](world))

    def after(self, step_id: object, world: World) -> None:
        """Keep what a step made, where going back has to know what came after it.

        Raises
        ------
        TsalabError
            When the state cannot be read.
        """
        if step_id == 14:
            self._keep(step_id, _rows(world))

    def facts(self, step_id: object) -> Mapping[str, Any]:
        """What is kept for a step; empty when there is nothing, or it cannot be read."""
        return self._all().get(str(step_id), {})

    def template(self, step_id: int) -> str | None:
        """The learner's template before a step, or None."""
        path = self._template(step_id)
        return path.read_bytes().decode("utf-8", "replace") if path.exists() else None

    def forget(self, first: int) -> None:
        """Drop the checkpoints of a step and of all after it: they are taken anew."""
        for step_id in _TEMPLATE_STEPS:
            if step_id >= first:
                self._template(step_id).unlink(missing_ok=True)
        known = self._all()
        rest = {key: value for key, value in known.items() if int(key) < first}
        if rest != known:
            replace_bytes(self._facts_path, json.dumps(rest, sort_keys=True).encode())

    def _template(self, step_id: int) -> Path:
        return self._folder / f"before-step-{step_id}.infra.yml"

    def _all(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self._facts_path.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _keep(self, step_id: object, facts: Mapping[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        known = self._all() | {str(step_id): dict(facts)}
        replace_bytes(self._facts_path, json.dumps(known, sort_keys=True).encode())


def _deployed(world: World) -> dict[str, Any]:
    source, uploaded = world.place.pipeline.source, world.uploaded
    return {"bucket": source.bucket, "key": source.key, "version": uploaded.version if uploaded else ""}


def _pushed(world: World) -> dict[str, Any]:
    return {"commit": world.repository.head()}


def _on_server(world: World) -> dict[str, Any]:
    return {"commit": app.head(world.server).hash}


def _service(world: World) -> dict[str, Any]:
    state = mariadb.service_state(world.server)
    return {"active": state.active, "enabled": state.enabled}


def _rows(world: World) -> dict[str, Any]:
    counts = migrate.row_counts(world.target)
    if sum(counts.values()) > _MOST_ROWS:
        return {"rows": counts}
    return {"rows": counts, "marks": migrate.marks(world.target)}


_BEFORE = {8: _deployed, 24: _pushed, 27: _on_server, 29: _service}

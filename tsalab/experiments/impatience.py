"""Clients with their usual patience, who come to a cluster that sleeps: all at the same moment."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tsalab import migrate
from tsalab.errors import ExperimentError, MigrationError, TsalabError
from tsalab.experiments import remedies
from tsalab.experiments.awakening import Measured, Scene
from tsalab.messages import say
from tsalab.server import app
from tsalab.show import Part, table

PATIENCE = 10.0  # seconds that the npm driver and PyMySQL wait for a connection, unless told otherwise
_TRIES_OF_APP = 2  # the gallery asks its pool twice
_COMES_WITHIN = 60.0


@dataclass(frozen=True)
class Met:
    """What a client met.

    Attributes
    ----------
    name
        Which.
    patience
        Seconds that it waits at most.
    seconds
        That it waited.
    problem
        What it said in the end; empty: it was served.
    """

    name: str
    patience: float
    seconds: float
    problem: str


class Others:
    """The npm driver alone on the web server, and PyMySQL from here.

    Parameters
    ----------
    scene
        Where they come to.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._patience = PATIENCE / scene.shorten
        self._target = replace(scene.world.target, on_silence=None)  # nobody asks why: it just waits
        self._server = scene.world.server
        self._threads: list[threading.Thread] = []
        self._connecting = threading.Event()
        self._met: dict[str, Met | TsalabError] = {}

    def come(self) -> None:
        """Let both connect; returns when they do."""
        for name, call in (("driver", self._driver), ("pymysql", self._pymysql)):
            thread = threading.Thread(target=self._run, args=(name, call), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        if not self._connecting.wait(_COMES_WITHIN):
            raise ExperimentError.driver_silent(_COMES_WITHIN)

    def met(self) -> list[Met]:
        """What they met, once they are done.

        Raises
        ------
        TsalabError
            When one could not even try.
        """
        for thread in self._threads:
            thread.join()
        found = []
        for name in ("driver", "pymysql"):
            each = self._met[name]
            if isinstance(each, TsalabError):
                raise each
            found.append(each)
        return found

    def _run(self, name: str, call: Callable[[], Met]) -> None:
        try:
            self._met[name] = call()
        except TsalabError as error:  # raised in the thread that asks for it
            self._met[name] = error
        finally:
            self._connecting.set()

    def _driver(self) -> Met:
        script = remedies.fragment("driver.js", self._scene.shorten)
        said = self._server.run(
            f'cd "{app.FOLDER}" && node -',
            root=True,
            input=script.encode(),
            on_output=lambda text: self._connecting.set() if "connecting" in text else None,
        )
        told = json.loads(said.stdout.splitlines()[-1])
        return Met(say("experiments.pause.client.driver"), self._patience, told["seconds"], told["problem"])

    def _pymysql(self) -> Met:
        self._connecting.wait(_COMES_WITHIN)
        began, problem = time.monotonic(), ""
        try:
            migrate.connect(self._target, tries=1, timeout=self._patience).close()
        except MigrationError as error:
            problem = error.why
        seconds = time.monotonic() - began
        return Met(say("experiments.pause.client.pymysql"), self._patience, seconds, problem)


def of_app(scene: Scene, measured: Measured) -> Met:
    """What the app's visitor met."""
    visit = measured.waited
    patience = _TRIES_OF_APP * remedies.patience(app.read(scene.world.server, remedies.APP)) / scene.shorten
    problem = "" if visit.ok else say("experiments.pause.failed", status=visit.status)
    return Met(say("experiments.pause.client.app"), patience, visit.seconds, problem)


def told(met: Sequence[Met]) -> Part:
    """All of them, as a table."""
    rows = [
        (
            each.name,
            f"{each.patience:.1f} s",
            f"{each.seconds:.1f} s",
            each.problem or say("experiments.pause.served"),
        )
        for each in met
    ]
    names = ("client", "patience", "waited", "end")
    return table(rows, [say(f"experiments.pause.heading.{name}") for name in names])

"""What a fault is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tsalab.course.course import StepId
from tsalab.messages import say
from tsalab.server import app
from tsalab.steps import World

Facts = dict[str, Any]
Tell = Callable[[str], None]  # says what is being done, to whoever may know

_RESTART = "forever stopall; forever start ./bin/www.js"


@dataclass(frozen=True)
class Fault:
    """Something that can be broken, and mended again.

    Parameters
    ----------
    name
        What `Lab.break_` calls it.
    step
        The step whose check reports it first.
    make
        Breaks it; returns what `mend` has to know. Raises `FaultError` when the lab is not
        far enough for it.
    mend
        Repairs it, given what `make` returned; also what somebody else has broken that way.
    """

    name: str
    step: StepId
    make: Callable[[World, Tell], Facts]
    mend: Callable[[World, Tell, Mapping[str, Any]], None]

    @property
    def teaches(self) -> str:
        """What is learnt by finding it."""
        return say(f"faults.{self.name}.teaches")

    @property
    def told(self) -> str:
        """What the learner is told: that something happened, not what."""
        return say(f"faults.{self.name}.told")

    @property
    def truth(self) -> str:
        """What really was broken."""
        return say(f"faults.{self.name}.truth")


def restart(world: World, tell: Tell) -> None:
    """Start the app again, as somebody who meets the fault would."""
    tell(f"# {_RESTART}")
    app.restart(world.server)


def has_secret(world: World) -> bool:
    """Whether the lab's template is deployed: without its secret nothing else of it is there."""
    return "DatabaseSecret" in world.resources


def on_aurora(world: World) -> bool:
    """Whether the running app says that it uses Aurora."""
    if not has_secret(world):
        return False
    host = world.app_health.get("database", {}).get("host")
    return bool(host) and host == world.credentials.host

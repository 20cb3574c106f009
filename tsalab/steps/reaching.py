"""The other way to the web server: SSM Run Command, where nobody answers on port 22."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsalab.cloud.run_command import RunCommand
from tsalab.errors import CloudError, TsalabError
from tsalab.server import Commanded

if TYPE_CHECKING:
    from tsalab.steps.world import World


def by_commands(world: World, password: str, closed: TsalabError) -> Commanded | None:
    """The web server by commands, when SSM manages it.

    Parameters
    ----------
    world
        Where nobody answers over SSH.
    password
        The old database's, which no command may hold either.
    closed
        Why nobody answers.
    """
    instance = world.resources.get("WebServer")
    if not instance:
        return None
    commands = RunCommand(world.place.account, instance)
    try:
        if not commands.managed():
            return None
    except CloudError:
        return None  # who may not ask is told why nobody answers, which is what can be mended
    redactor = world.place.redactor

    def secret(text: str) -> bool:
        return redactor.holds(text) or password in text

    return Commanded(world.server_host, commands.run, secret, closed)

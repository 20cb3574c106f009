"""The two databases of a migration: from URLs, option files, the environment and a prompt to logins."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tsalab.errors import SettingError
from tsalab.messages import say
from tsalab.migrate import Login
from tsalab.migrate.address import PORT, Address, Given, read_option_files, read_url

if TYPE_CHECKING:
    from tsalab.server import Server


@dataclass(frozen=True)
class Request:
    """One side: who enters where, and through what.

    Attributes
    ----------
    login
        Host and port as they are called from there.
    via
        The SSH server in between; None for none.
    ssh_config
        OpenSSH configuration in place of the user's own.
    """

    login: Login
    via: Address | None
    ssh_config: Path | None


def requests(source: str, target: str, given: Mapping[str, Any]) -> tuple[Request, Request]:
    """What the command line asks for.

    Parameters
    ----------
    source, target
        URLs.
    given
        Values of the command's options by name.

    Raises
    ------
    SettingError
        When it cannot be meant so, or lacks something.
    """
    # Both are read before anything is asked: nobody types a password for a URL that is refused.
    urls = read_url(source, "SOURCE"), read_url(target, "TARGET")
    named = given["database"]
    databases = urls[0].database or named, urls[1].database or named or urls[0].database
    for name, database in zip(("SOURCE", "TARGET"), databases, strict=True):
        if not database:
            raise SettingError.no_database(name)
    hops = [_hop(given, side) for side in ("source", "target")]
    ours, theirs = (
        _login(url, side, database, given)
        for url, side, database in zip(urls, ("source", "target"), databases, strict=True)
    )
    config = given["ssh_config"]
    return Request(ours, hops[0], config), Request(theirs, hops[1], config)


def _hop(given: Mapping[str, Any], side: str) -> Address | None:
    option = f"{side}_via" if given[f"{side}_via"] else "via"
    if not (url := given[option]):
        return None
    name = f"--{option.replace('_', '-')}"
    address = read_url(url, name, "ssh")
    if not address.host:
        raise SettingError.no_part(name, say("commands.migrate.part.host"))
    return address


def _login(url: Address, side: str, database: str, given: Mapping[str, Any]) -> Login:
    files = _option_files(given[f"{side}_defaults_file"], side)
    user, host = url.user or files.user, url.host or files.host
    if not host:
        raise SettingError.no_part(side.upper(), say("commands.migrate.part.host"))
    if not user:
        raise SettingError.no_part(side.upper(), say("commands.migrate.part.user"))
    return Login(
        host,
        url.port or files.port or PORT,
        user,
        _password(side, user, host, files),
        database,
        _role(side),
        ca=given[f"{side}_ca"] or files.ca,
    )


def _option_files(chosen: Path | None, side: str) -> Given:
    own = Path("~/.my.cnf").expanduser()
    paths = [chosen] if chosen is not None else [own] if own.exists() else []
    return read_option_files(paths, f"_{side}")


def _password(side: str, user: str, host: str, files: Given) -> str:
    variable = f"TSALAB_{side.upper()}_PASSWORD"
    found = os.environ.get(variable, files.password)
    if found is not None:
        return found
    if not sys.stdin.isatty():
        raise SettingError.no_password(side.upper(), variable, f"--{side}-defaults-file", f"client_{side}")
    question = say("commands.migrate.question", user=user, role=_role(side), host=host)
    answer: str = click.prompt(question, hide_input=True, err=True, default="", show_default=False)
    return answer


def _role(side: str) -> str:
    return say("commands.migrate.role.source" if side == "source" else "commands.migrate.role.target")


@contextmanager
def reached(*sides: Request) -> Iterator[tuple[Login, ...]]:
    """Open the ways that are asked for, each SSH connection once; logins that lead along them.

    Raises
    ------
    ServerError
        When an SSH server cannot be reached, or cannot reach the database.
    """
    with ExitStack() as stack:
        servers: dict[Address, Server] = {}
        yield tuple(_reach(side, servers, stack) for side in sides)


def _reach(side: Request, servers: dict[Address, Server], stack: ExitStack) -> Login:
    login, via = side.login, side.via
    if via is None:
        return login
    if via not in servers:
        from tsalab.server import Server  # costs as much as the whole command does without it

        servers[via] = stack.enter_context(
            Server.connect(via.host, user=via.user or None, port=via.port, ssh_config=side.ssh_config)
        )
    port = stack.enter_context(servers[via].forward(login.host, login.port))
    role = say(
        "commands.migrate.role.through", role=login.role, host=login.host, port=login.port, via=via.host
    )
    return replace(login, host="127.0.0.1", port=port, role=role, server=login.host)

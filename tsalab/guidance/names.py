"""The learner's own names, read from the real state; a placeholder for what is not there yet."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence

from tsalab.cloud.inventory import Names as InAccount
from tsalab.errors import TsalabError
from tsalab.messages import say
from tsalab.steps import World
from tsalab.steps.cleanup import bucket_names

Value = str | Sequence[str]

_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")

# The step that makes a thing; what is not named here, the earlier labs made.
_MADE_BY = {"clone": 15, "database": 9, "endpoint": 9, "secret": 9}


def _stack(world: World) -> str:
    try:
        return world.place.pipeline.stack_name
    except TsalabError:  # the pipeline is gone, as late in the clean-up
        return world.place.stack


def _of_account(world: World) -> InAccount:
    return world.place.names


def _key_pair(world: World) -> str:
    try:
        given = world.stack_state.parameters.get("KeyName", "")
    except TsalabError:
        given = ""
    return given or _of_account(world).key_pair


_READ: Mapping[str, Callable[[World], Value]] = {
    "bootstrap": lambda world: world.place.bootstrap,
    "bucket": lambda world: world.place.pipeline.source.bucket,
    "buckets": lambda world: bucket_names(world.place),
    "clone": lambda world: str(world.clone.folder),
    "clone_url": lambda world: world.repository.clone_url(),
    # The template gives this name, whether the cluster is there or not.
    "cluster": lambda world: _of_account(world).cluster.lower(),
    "database": lambda world: world.cluster.database if world.cluster else "",
    "endpoint": lambda world: world.cluster.endpoint if world.cluster else "",
    "host": lambda world: world.server_host,
    "key": lambda world: world.place.pipeline.source.key,
    "key_pair": _key_pair,
    "pipeline": lambda world: world.place.pipeline.name,
    "repositories": lambda world: _of_account(world).repositories,
    "repository": lambda world: world.place.repository,
    "secret": lambda world: world.secret_name,
    "stack": _stack,
    "url": lambda world: world.site.url.rstrip("/"),
    "workdir": lambda world: str(world.place.workdir),
}


class Names:
    """Fills names into the course's texts; each is read when a text first needs it.

    Parameters
    ----------
    world
        Where they are read.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, Value] = {}
        self._lacking: dict[str, str] = {}

    def text(self, text: str) -> str:
        """A sentence with the names in it."""
        return text.format_map(_Filled(lambda name: _listed(self[name])))

    def command(self, text: str) -> str:
        """A command with the names in it, quoted for a shell."""
        return text.format_map(_Filled(lambda name: _quoted(self[name])))

    def __getitem__(self, name: str) -> Value:
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> Value:
        try:
            value = _READ[name](self._world)
        except TsalabError:
            value = ""
        if not value:
            self._lacking[name] = value = name.upper().replace("_", "-")
        return value

    @property
    def variant(self) -> str:
        """The variant of the lab whose blocks are shown."""
        return self._world.place.variant

    @property
    def lacking(self) -> list[str]:
        """A sentence for each placeholder that was filled in."""
        return [
            say("guidance.made_by_step", name=shown, step=_MADE_BY[name])
            if name in _MADE_BY
            else say("guidance.made_earlier", name=shown)
            for name, shown in sorted(self._lacking.items())
        ]

    # --- the way in -------------------------------------------------------------------

    @property
    def setup(self) -> str:
        """The command with which a terminal uses the lab's profile and region."""
        account = self._world.place.account
        # Where this process was told to look for profiles, a fresh terminal may not have been.
        variables = {name: os.environ[name] for name in _FILES if os.environ.get(name)}
        variables |= account.profile.environment()
        variables |= {"AWS_DEFAULT_REGION": account.region, "AWS_PAGER": ""}
        return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())

    @property
    def login(self) -> str:
        """The command that opens a session on the web server."""
        config = self._world.place.account.ssh_config
        options = ["-F", str(config)] if config else []
        return shlex.join(["ssh", *options, f"ec2-user@{_listed(self['host'])}"])


class _Filled(Mapping[str, str]):
    """What `str.format_map` asks."""

    def __init__(self, value: Callable[[str], str]) -> None:
        self._value = value

    def __getitem__(self, name: str) -> str:
        return self._value(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_READ)

    def __len__(self) -> int:
        return len(_READ)


def _listed(value: Value) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _quoted(value: Value) -> str:
    return shlex.join([value] if isinstance(value, str) else value)

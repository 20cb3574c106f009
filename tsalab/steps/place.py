"""Where a lab takes place: the account, the folder, the connections that stay open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tsalab.architecture import Overview
from tsalab.cloud.account import Account
from tsalab.cloud.inventory import Names
from tsalab.cloud.naming import names_in
from tsalab.cloud.pipeline import Pipeline
from tsalab.records import Redactor
from tsalab.resources import AS_WRITTEN
from tsalab.server import Server, Witness

LOGIN_SECONDS = 45.0


@dataclass
class Place:
    """Everything a step needs to reach the lab's world.

    Parameters
    ----------
    account
        The AWS account and region.
    workdir
        The learner's folder: ``infra.yml``, its zip, the clone of the app.
    method
        How steps 13 and 14 move the data: ``dump`` as the lab was written, or ``copy``.
    variant
        Of the lab: ``as-written``, or ``current``, which AWS accepts today.
    confirm
        Before the clean-up deletes anything: ``ask``, or ``yes``, go on.
    asked
        Names to look under: the bootstrap stack's, and those of a lab whose stacks are gone.
    redactor
        Knows the secrets that must not be shown.
    """

    account: Account
    workdir: Path
    method: str = "dump"
    variant: str = AS_WRITTEN
    confirm: str = "ask"
    asked: Names = field(default_factory=Names)
    redactor: Redactor = field(default_factory=Redactor)

    def __post_init__(self) -> None:
        self._open = ExitStack()
        self._server: tuple[str, Server] | None = None
        self._tunnels: dict[tuple[str, int], int] = {}
        self.overview: Overview | None = None  # the last look at the architecture, for pictures alone
        self.on_overview: Callable[[Overview], None] | None = None  # who shows it as it changes

    @cached_property
    def names(self) -> Names:
        """What labs 1 to 3 called their things in this account."""
        return names_in(self.account, self.asked)

    @property
    def bootstrap(self) -> str:
        """The bootstrap stack's name."""
        return self.names.bootstrap

    @property
    def stack(self) -> str:
        """The gallery's stack's name."""
        return self.names.gallery

    @property
    def repository(self) -> str:
        """The repository of the app's code."""
        return self.names.repositories[0]

    @cached_property
    def pipeline(self) -> Pipeline:
        """The bootstrap stack's pipeline; its definition does not change during a lab."""
        return Pipeline(self.account, self.bootstrap)

    def saw(self, overview: Overview) -> None:
        """Remember how the architecture looks now, and tell who shows it."""
        self.overview = overview
        if self.on_overview:
            self.on_overview(overview)

    def server(
        self,
        host: str,
        *,
        timeout: float = LOGIN_SECONDS,
        on_silence: Callable[[], None] | None = None,
        admit: Callable[[str], None] | None = None,
        witness: Witness | None = None,
    ) -> Server:
        """The connection to the web server, opened once and again after it broke.

        Parameters
        ----------
        host
            Its public name.
        timeout, on_silence, admit, witness
            As `Server.connect` has them.
        """
        if self._server and (self._server[0] != host or self._server[1].is_closed):
            self.disconnect()
        if self._server is None:
            config = self.account.ssh_config
            server = Server.connect(
                host,
                ssh_config=config,
                # Without a configuration that says which hosts it knows, ours are remembered beside the lab.
                remember=None if config else self.workdir / ".tsalab" / "known_hosts",
                timeout=timeout,
                on_silence=on_silence,
                admit=admit,
                witness=None if config else witness,
            )
            self._server = (host, server)
        return self._server[1]

    def tunnel(self, server: Server, host: str, port: int) -> int:
        """Local port that leads to ``host:port`` as the web server sees it."""
        key = (host, port)
        if key not in self._tunnels:
            self._tunnels[key] = self._open.enter_context(server.forward(host, port))
        return self._tunnels[key]

    def disconnect(self) -> None:
        """Close the connection to the web server and what runs through it."""
        self._open.close()
        self._tunnels.clear()
        if self._server:
            self._server[1].close()
            self._server = None

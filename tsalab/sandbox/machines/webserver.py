"""One web server that runs: its SSH host, MariaDB, user data and apps together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from tsalab.sandbox import processes
from tsalab.sandbox.ledger import rows
from tsalab.sandbox.machines import apps, console, node_packages
from tsalab.sandbox.machines.agent import Agent, Request
from tsalab.sandbox.machines.boot import UserData
from tsalab.sandbox.machines.firewall import Firewall
from tsalab.sandbox.machines.machine import Machine
from tsalab.sandbox.machines.mariadb import MariaDB, quote
from tsalab.sandbox.machines.routes import Routes
from tsalab.sandbox.machines.sshconfig import Host
from tsalab.sandbox.machines.sshd import SshHost
from tsalab.sandbox.machines.units import Answer, Units, stops

_SSH = 22
# Clients that come over the sandbox's network (`passages`) say which address they have there.
_NETWORK = ("proxy-protocol-networks=127.0.0.1",)

logger = logging.getLogger(__name__)


class WebServer:
    """A machine while the sandbox is up. On the estate's loop.

    Parameters
    ----------
    machine
        Its folder and facts.
    routes
        The sandbox's network.
    credentials_url
        Called for the address of the credentials endpoint.
    background
        Runs a coroutine for itself.
    firewall
        Who may connect to it.
    """

    def __init__(
        self,
        machine: Machine,
        routes: Routes,
        credentials_url: Callable[[], str | None],
        background: Callable[..., asyncio.Task[None]],
        firewall: Firewall,
    ) -> None:
        self.machine = machine
        self._routes, self._credentials_url, self._background = routes, credentials_url, background
        self._firewall = firewall
        self.mariadb = MariaDB(
            machine.folder,
            machine.facts.id,
            machine.root / "var" / "lib" / "mysql",
            machine.runtime("m"),
            port=machine.port("mariadb"),
            more=machine.mysql_options,
            settings=_NETWORK,
        )
        self.units = Units(self.mariadb, machine.root / "etc" / "units.json")
        self.user_data = UserData(machine)
        self._agent = Agent(
            machine.runtime("a"),
            {
                "systemctl": self._systemctl,
                "cloud-init": self._cloud_init,
                "npm-ci": self._npm_ci,
                "npm-global": self._npm_global,
                "apps": self._apps,
            },
        )
        self._making: asyncio.Task[None] | None = None
        self._ssh: SshHost | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def running(self) -> bool:
        """Whether it takes SSH connections."""
        return self._ssh is not None

    def ssh_host(self) -> Host:
        """What ssh has to know."""
        facts = self.machine.facts
        host_key = self._ssh.public_host_key() if self._ssh is not None else ""
        return Host((facts.public_dns, facts.id), self.machine.port("ssh"), facts.key_name, host_key)

    def print_boot(self, *, first: bool) -> None:
        """Print on the console what a start prints."""
        if self._ssh is not None:
            console.booted(self.machine, self._ssh.public_host_key() if first else None)

    def authorize(self, public_key: str, seconds: float) -> None:
        """Let another key in for a while."""
        if self._ssh is not None:
            self._ssh.authorize(public_key, seconds)

    async def start(self, git_url: str | None, *, again: bool) -> None:
        """Build the folder and open SSH; user data and a new database go on in the background.

        Parameters
        ----------
        git_url
            Address of the sandbox's git server, once it has one.
        again
            The machine ran before: what is enabled and the apps that ran are running when this returns.
        """
        await asyncio.to_thread(self.machine.build)
        self.machine.write_git_config(git_url)
        await self._agent.open()
        ssh = SshHost(self.machine, self._routes, self._credentials_url, lambda: self._lets_in(_SSH))
        await ssh.open()
        self._ssh = ssh
        facts = self.machine.facts
        self._routes.set(facts.public_dns, 80, "127.0.0.1", self.machine.port("http"))
        if again:
            await self._mend_modules()
            await self.units.boot()
            # After the database: forever gives up an app that ends within its first second.
            await apps.start_again(self.machine, self._credentials_url())
        else:
            self.print_boot(first=True)
            # Started before anybody asks: the first ``systemctl start`` finds it running.
            self._tasks.append(self._background(self.ready_mariadb()))
        self._tasks.append(self._background(self._boot()))

    def _lets_in(self, port: int) -> bool:
        return self._firewall.lets_in(self.machine.facts.id, port)

    async def _boot(self) -> None:
        """Run the user data when it has never run to its end."""
        await self.user_data.run(self._credentials_url())
        if self.user_data.status:
            logger.error(
                "user data of %s ended with status %s: see its var/log/cloud-init-output.log",
                self.machine.facts.id,
                self.user_data.status,
            )

    async def ready_mariadb(self) -> None:
        """Make the data folder, with root's password set, and start the server."""
        await self._make_mariadb()
        await self.mariadb.start()

    async def _make_mariadb(self) -> None:
        # The machine's boot and its first systemctl may both come here, and a stop must wait for
        # it: a thread that copies files cannot be cancelled.
        if self.mariadb.exists:
            return
        if self._making is None:
            password = quote(self.machine.facts.root_password)
            statement = f"ALTER USER 'root'@'localhost' IDENTIFIED BY {password}"
            self._making = self._background(self.mariadb.create([statement]))
        making = self._making
        try:
            await asyncio.shield(making)
        finally:
            if making.done():
                self._making = None

    async def stop(self) -> None:
        """Stop everything cleanly; data, enabled units and the note of running apps stay."""
        await asyncio.to_thread(apps.remember, self.machine)
        if self._ssh is not None:
            await self._ssh.close()
            self._ssh = None
        await self._agent.close()
        for task in self._tasks:
            task.cancel()
        if self._making is not None:
            self._tasks.append(self._making)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._routes.remove(self.machine.facts.public_dns)
        await asyncio.gather(asyncio.to_thread(self._end_programs), self.mariadb.stop())
        self.units.active = False

    def _end_programs(self) -> None:
        # Monitors first and at once: a forever that is told to end starts its app again.
        found = apps.processes_of(self.machine)
        processes.end(found, grace=1.0)
        processes.end(apps.processes_of(self.machine), grace=0.2)

    # -- what the machine's programs ask ---------------------------------------------------

    async def _systemctl(self, request: Request) -> Answer:
        await self._make_mariadb()
        if stops(request.args) and self.mariadb.running:
            await asyncio.to_thread(self.tell_rows)  # nobody can ask it afterwards
        return await self.units.systemctl(request.user, request.args)

    def tell_rows(self) -> None:
        """Tell what the database holds. From any thread but the estate's."""
        facts = self.machine.facts
        rows.tell(facts.id, self.mariadb.socket, "root", facts.root_password)

    async def _cloud_init(self, request: Request) -> Answer:
        return await self.user_data.cloud_init(request.args)

    async def _npm_global(self, _request: Request) -> Answer:
        await asyncio.to_thread(node_packages.ensure, self.machine.host_packages)
        return Answer(stdout="forever is part of this image\n")

    async def _npm_ci(self, request: Request) -> Answer:
        folder = self._real(request.cwd)
        modules = await asyncio.to_thread(node_packages.ensure, folder)
        await asyncio.to_thread(_link_modules, folder, modules)
        count = sum(1 for entry in modules.iterdir() if not entry.name.startswith("."))
        return Answer(stdout=f"added {count} packages (linked from this computer's cache)\n")

    async def _mend_modules(self) -> None:
        """Install the app's packages again when the cache that they are linked to was deleted."""
        link = self.machine.app / "node_modules"
        if link.is_symlink() and not link.exists():
            modules = await asyncio.to_thread(node_packages.ensure, self.machine.app)
            await asyncio.to_thread(_link_modules, self.machine.app, modules)

    async def _apps(self, _request: Request) -> Answer:
        await apps.settled(self.machine)
        return Answer()

    def _real(self, cwd: str) -> Path:
        """A folder of the machine, as we see it."""
        inside = Path("/opt")
        path = Path(cwd)
        own = self.machine.root / "opt" / path.relative_to(inside) if path.is_relative_to(inside) else path
        return own if own.is_dir() else path


def _link_modules(folder: Path, modules: Path) -> None:
    import shutil

    target = folder / "node_modules"
    if target.is_symlink():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    target.symlink_to(modules)

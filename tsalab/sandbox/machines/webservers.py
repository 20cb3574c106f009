"""The web servers of a sandbox: launch, stop, start, terminate, and resume them."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING

from tsalab.errors import SandboxError
from tsalab.messages import say
from tsalab.sandbox.machines import console, node_packages, scripts, sshconfig
from tsalab.sandbox.machines.credentials import CredentialsServer, RoleCredentials
from tsalab.sandbox.machines.firewall import CLOUDFRONT
from tsalab.sandbox.machines.machine import USER, Facts, Machine
from tsalab.sandbox.machines.webserver import WebServer

if TYPE_CHECKING:
    from tsalab.sandbox.machines.estate import Estate

logger = logging.getLogger(__name__)


class WebServers:
    """Every web server of one sandbox. Methods block and may be called from any thread.

    Parameters
    ----------
    estate
        The machines of the sandbox.

    Attributes
    ----------
    role_credentials
        Set by the control plane: credentials of a role by its name, as a container's
        credentials endpoint answers (AccessKeyId, SecretAccessKey, Token, Expiration).
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._servers: dict[str, WebServer] = {}
        self.role_credentials: RoleCredentials | None = None
        self._credentials = CredentialsServer(self._facts_of, lambda: self.role_credentials)
        self._credentials_url: str | None = None
        self._git_url: str | None = None

    # -- what the control plane asks for ------------------------------------------------

    def launch(
        self,
        instance_id: str,
        *,
        name: str,
        public_dns: str,
        user_data: str,
        key_name: str | None,
        authorized_key: str,
        role: str | None,
        region: str,
        account_id: str,
        env: Mapping[str, str],
    ) -> None:
        """Launch a web server; return when it takes SSH connections.

        Its user data runs in the background (`var/log/cloud-init-output.log` of its folder).

        Parameters
        ----------
        instance_id, name, public_dns
            What it is called. `public_dns` is its name in `ssh/config`.
        user_data
            Script, run once as root.
        key_name
            Whose private half is `ssh/<key_name>.pem`.
        authorized_key
            Public key that may log in, in OpenSSH's format.
        role
            Role whose credentials its programs get, if any.
        region, account_id
            Where and whose it is.
        env
            More environment for its programs.

        Raises
        ------
        SandboxError
            When it exists already, or a program it needs is missing.
        """
        if instance_id in self._servers:
            raise SandboxError.machine_exists(say("sandbox.kind.web_server"), instance_id)
        facts = Facts(
            instance_id,
            name,
            public_dns,
            key_name,
            authorized_key,
            role,
            region,
            account_id,
            user_data,
            dict(env),
        )
        self._estate.run(self._launch(Machine(self._estate.folder, self._estate.ports, facts)))

    def stop(self, instance_id: str) -> None:
        """Stop a web server; its folder stays."""
        self._estate.run(self._stop(self._get(instance_id), stay=True))

    def start(self, instance_id: str) -> None:
        """Start a stopped web server again."""
        self._estate.run(self._start(self._get(instance_id)))

    def terminate(self, instance_id: str) -> None:
        """End a web server and delete its folder; an unknown one is no error."""
        self._estate.run(self._terminate(instance_id))

    def resume_all(self) -> None:
        """Start every web server that ran when the sandbox went down."""
        self._estate.run(self._resume_all())

    def authorize(self, instance_id: str, public_key: str, seconds: float = 60.0) -> None:
        """Let a key in for a while, as EC2 Instance Connect does."""

        async def authorize() -> None:
            self._get(instance_id).authorize(public_key, seconds)

        self._estate.run(authorize())

    def console(self, instance_id: str) -> tuple[str, float] | None:
        """What a web server printed on its console, and when; None when it printed nothing, or is gone."""
        return console.output(self._estate.folder.path("machines", instance_id))

    def role_of(self, instance_id: str) -> str | None:
        """Name of the role whose credentials a web server's programs get; None without one."""
        facts = self._facts_of(instance_id)
        return facts.role if facts is not None else None

    def execute(self, instance_id: str, script: str, seconds: float) -> Future[tuple[int | None, str, str]]:
        """Begin a script as root, as SSM's agent does: status (None: out of time), output, errors.

        Cancelled, it is killed.
        """
        machine = self._get(instance_id).machine
        return self._estate.submit(scripts.run(machine, script, self._credentials_url, seconds))

    def http_address(self, public_dns: str) -> tuple[str, int] | None:
        """Where port 80 of a web server really is; None for a name that is none's.

        Raises
        ------
        TimeoutError
            When its security groups do not let CloudFront in.
        """
        for server in list(self._servers.values()):
            facts = server.machine.facts
            if facts.public_dns == public_dns and not self._estate.firewall.lets_in(facts.id, 80, CLOUDFRONT):
                raise TimeoutError(f"{public_dns} does not answer on port 80")
        return self._estate.routes.resolve(public_dns, 80)

    def user_data_status(self, instance_id: str) -> int | None:
        """Exit status of a server's user data; None while it runs."""
        return self._get(instance_id).user_data.status

    def running(self) -> list[WebServer]:
        """Those that take SSH connections."""
        return [server for server in list(self._servers.values()) if server.running]

    def set_git_url(self, base_url: str) -> None:
        """Tell the servers where CodeCommit's repositories are served."""
        self._git_url = base_url
        for server in list(self._servers.values()):
            server.machine.write_git_config(base_url)

    # -- on the estate's loop -------------------------------------------------------------

    async def open(self) -> None:
        """Listen for what machines ask of their surroundings."""
        self._credentials_url = await self._credentials.open(self._estate.ports.get("credentials"))

    async def _launch(self, machine: Machine) -> None:
        server = self._server(machine)
        self._servers[machine.facts.id] = server
        try:
            machine.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            machine.save()
            await server.start(self._git_url, again=False)
        except BaseException:
            await self._terminate(machine.facts.id)
            raise
        self._estate.background(_warm(machine))
        self._write_ssh()

    def _server(self, machine: Machine) -> WebServer:
        estate = self._estate
        return WebServer(
            machine, estate.routes, lambda: self._credentials_url, estate.background, estate.firewall
        )

    async def _start(self, server: WebServer) -> None:
        if server.running:
            return
        anew = server.machine.facts.stopped  # or is the sandbox itself only coming back?
        server.machine.facts.stopped = False
        server.machine.save()
        await server.start(self._git_url, again=True)
        if anew:
            server.print_boot(first=False)
        self._write_ssh()

    async def _stop(self, server: WebServer, *, stay: bool) -> None:
        if stay:
            server.machine.facts.stopped = True
            server.machine.save()
        if server.running:
            await server.stop()
            self._write_ssh()

    async def _terminate(self, instance_id: str) -> None:
        server = self._servers.pop(instance_id, None)
        if server is not None:
            await server.stop()
            server.machine.forget_ports()
            server.machine.runtime("f").unlink(missing_ok=True)
            self._write_ssh()
        root = self._estate.folder.path("machines", instance_id)
        await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)

    async def _resume_all(self) -> None:
        estate = self._estate
        # An app that finds no database ends at once, and forever gives it up.
        await estate.databases.bring_back()
        for file in estate.folder.path("machines").glob("*/machine.json"):
            if file.parent.name not in self._servers:
                machine = Machine.load(estate.folder, estate.ports, file.parent)
                self._servers[machine.facts.id] = self._server(machine)
        waiting = [server for server in self._servers.values() if not server.machine.facts.stopped]
        await asyncio.gather(*(self._start(server) for server in waiting))

    async def stop_all(self) -> None:
        """Stop every web server; those that ran will run again. On the estate's loop."""
        await asyncio.gather(*(self._stop(server, stay=False) for server in self._servers.values()))
        self._servers.clear()
        await self._credentials.close()

    def _write_ssh(self) -> None:
        running = [server.ssh_host() for server in self._servers.values() if server.running]
        sshconfig.write(self._estate.folder, USER, running)

    def _facts_of(self, instance_id: str) -> Facts | None:
        server = self._servers.get(instance_id)
        return server.machine.facts if server is not None else None

    def _get(self, instance_id: str) -> WebServer:
        try:
            return self._servers[instance_id]
        except KeyError:
            raise SandboxError.no_such_machine(say("sandbox.kind.web_server"), instance_id) from None


async def _warm(machine: Machine) -> None:
    """Install what the image has of npm while nobody waits for it yet."""
    if not node_packages.place(machine.host_packages).is_dir():
        await asyncio.to_thread(node_packages.ensure, machine.host_packages)

"""A real SSH server for tests: real bash, real terminals, real signals, real forwarding."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import termios
import threading
from pathlib import Path
from typing import Any

import asyncssh


class Login(asyncssh.SSHServer):
    """Lets the one key in, and forwards to loopback."""

    def begin_auth(self, username: str) -> bool:
        return True

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True


class Session(asyncssh.SSHServerSession):
    """One command in bash, with a terminal if asked for; a close or a signal ends its group."""

    def __init__(self, host: SSHHost) -> None:
        self._host = host
        self._process: asyncio.subprocess.Process | None = None
        self._terminal: int | None = None
        self._echo = True
        self._early = b""
        self._eof = False

    def connection_made(self, chan: Any) -> None:
        self._chan = chan
        chan.set_encoding(None)

    def pty_requested(self, term_type: str, term_size: Any, term_modes: Any) -> bool:
        self._terminal = -1
        self._echo = term_modes.get(asyncssh.PTY_ECHO, 1) != 0
        return True

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def session_started(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        argv = ["bash", "-c", self._command]
        common: dict[str, Any] = {"cwd": self._host.home, "env": self._host.environment}
        if self._terminal is not None:
            await self._run_in_terminal(argv, common)
            return
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *argv, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True, **common
        )
        self._host.started.append(self._process.pid)
        if self._early:
            self._process.stdin.write(self._early)
        if self._eof:
            self._process.stdin.close()
        await asyncio.gather(
            self._copy(self._process.stdout, None),
            self._copy(self._process.stderr, asyncssh.EXTENDED_DATA_STDERR),
        )
        self._leave(await self._process.wait())

    async def _run_in_terminal(self, argv: list[str], common: dict[str, Any]) -> None:
        ours, theirs = pty.openpty()
        self._terminal = ours
        if not self._echo:
            modes = termios.tcgetattr(theirs)
            modes[3] &= ~termios.ECHO
            termios.tcsetattr(theirs, termios.TCSANOW, modes)

        def control() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self._process = await asyncio.create_subprocess_exec(
            *argv, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=control, **common
        )
        self._host.started.append(self._process.pid)
        os.close(theirs)
        loop = asyncio.get_running_loop()
        while True:
            try:
                data = await loop.run_in_executor(None, os.read, ours, 65536)
            except OSError:
                break
            if not data:
                break
            self._chan.write(data)
        os.close(ours)
        self._terminal = None
        self._leave(await self._process.wait())

    async def _copy(self, reader: asyncio.StreamReader, kind: int | None) -> None:
        # To the end, also when nobody listens any more: a full pipe that is not read stays open.
        while data := await reader.read(65536):
            if not self._chan.is_closing():
                self._chan.write(data, kind)

    def _leave(self, status: int) -> None:
        if self._chan.is_closing():
            return
        if status < 0:
            self._chan.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
        else:
            self._chan.exit(status)

    def data_received(self, data: bytes, datatype: Any) -> None:
        if self._terminal is not None and self._terminal >= 0:
            os.write(self._terminal, data)
        elif self._process is None:
            self._early += data
        elif self._process.stdin is not None:
            self._process.stdin.write(data)

    def eof_received(self) -> bool:
        self._eof = True
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        return True

    def signal_received(self, signal: str) -> None:
        if not self._host.deaf:
            self._kill(signal)

    def connection_lost(self, exc: Exception | None) -> None:
        # As OpenSSH does: only a terminal hangs up.
        if self._terminal is not None:
            self._kill("HUP")

    def _kill(self, name: str) -> None:
        if self._process is not None and self._process.returncode is None:
            os.killpg(self._process.pid, getattr(signal, f"SIG{name}"))


class SSHHost:
    """The server, on a loop of its own, with its keys and configuration in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.bin = folder / "bin"
        for path in (self.home, self.bin):
            path.mkdir(parents=True)
        self.environment = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TSA_APP_DIR": str(folder / "app"),
        }
        self.started: list[int] = []
        self.deaf = False  # to signals, as OpenSSH is when the command runs as root
        self.key = folder / "key.pem"
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        user = asyncssh.generate_private_key("ssh-ed25519")
        user.write_private_key(str(self.key))
        self.key.chmod(0o400)
        self.authorized = folder / "authorized_keys"
        user.write_public_key(str(self.authorized))
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Any = None
        self.connections: list[Any] = []
        self.port = 0
        self.listen()
        self.known_hosts = folder / "known_hosts"
        public = self.host_key.export_public_key("openssh").decode().strip()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {public}\n")
        self.config = folder / "config"
        self.write_config()
        # `sudo su - -c LINE`, without becoming anybody.
        self.program("sudo", 'exec "$@"')
        self.program("su", '[ "$1" = - ] && [ "$2" = -c ] || exit 64\nexec bash -c "$3"')

    def write_config(self, **changes: str) -> Path:
        lines = {
            "HostName": "127.0.0.1",
            "Port": str(self.port),
            "User": "ec2-user",
            "IdentityFile": str(self.key),
            "UserKnownHostsFile": str(self.known_hosts),
            "StrictHostKeyChecking": "yes",
        } | changes
        self.config.write_text("Host web\n" + "".join(f"  {name} {value}\n" for name, value in lines.items()))
        return self.config

    def program(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def listen(self) -> None:
        async def start() -> Any:
            return await asyncssh.create_server(
                self._login,
                "127.0.0.1",
                self.port,
                server_host_keys=[self.host_key],
                authorized_client_keys=str(self.authorized),
                encoding=None,
            )

        self._server = asyncio.run_coroutine_threadsafe(start(), self.loop).result(10)
        self.port = self._server.get_port()

    def _login(self) -> Login:
        host = self

        class Remembered(Login):
            def connection_made(self, conn: Any) -> None:
                host.connections.append(conn)

            def session_requested(self) -> Session:
                return Session(host)

        return Remembered()

    def drop(self) -> None:
        """Cut every connection, as a machine that loses its power does."""

        def cut() -> None:
            for connection in self.connections:
                connection.abort()
            self.connections.clear()

        self.loop.call_soon_threadsafe(cut)

    def close(self) -> None:
        async def stop() -> None:
            self._server.close()
            for connection in self.connections:
                connection.abort()
            for pid in self.started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            await asyncio.wait(others, timeout=2) if others else None

        asyncio.run_coroutine_threadsafe(stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()

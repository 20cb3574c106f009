"""The web server where SSH does not get through: one command after the other, by somebody else.

Whoever sends the commands (SSM Run Command) is given from outside. Such a server runs what needs
no more than a command; it has no terminal to type at and forwards no port, and says so.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn, Protocol

from tsalab.errors import ServerError, TsalabError
from tsalab.messages import say
from tsalab.server.connection import USER, Server, as_root
from tsalab.server.execution import Ending, Result
from tsalab.server.hostkeys import Origin, Trust


class Ran(Protocol):
    """What a script did."""

    @property
    def status(self) -> int:
        """Its exit status."""

    @property
    def stdout(self) -> str:
        """What it printed."""

    @property
    def stderr(self) -> str:
        """Its errors."""

    @property
    def cut(self) -> bool:
        """Whether it printed more than that."""


class Commanded(Server):
    """A web server that is reached by commands alone.

    Parameters
    ----------
    host
        For messages.
    send
        Runs a script as root for so many seconds at most.
    secret
        Whether a text holds a secret: such a command is not sent, for its text is kept.
    closed
        Why SSH does not get through.
    """

    def __init__(
        self,
        host: str,
        send: Callable[[str, float], Ran],
        secret: Callable[[str], bool],
        closed: TsalabError,
    ) -> None:
        super().__init__(None, host, USER, Trust("", Origin.RUN_COMMAND))
        self._send, self._secret, self._closed = send, secret, closed

    @property
    def forwards(self) -> bool:
        """It does not."""
        return False

    @property
    def is_closed(self) -> bool:
        """There is no connection that could be lost."""
        return False

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def run(
        self,
        command: str,
        *,
        input: bytes | None = None,  # noqa: A002 - as in `Server.run`
        root: bool = False,
        prompts: Mapping[str, str] | None = None,
        on_output: Callable[[str], None] | None = None,
        check: bool = True,
        timeout: float | None = 600,
    ) -> Result:
        """Run a command and wait for it; its output comes at the end. Parameters as `Server.run` has them.

        Raises
        ------
        ServerError
            When it fails (with `check`), prints more than is kept (without `on_output`), would
            have to be typed to, or holds a secret.
        """
        if prompts is not None or input is not None:
            raise self._needs_ssh(say("server.because.typed"))
        if self._secret(command):
            raise ServerError.secret_in_command(self.host)
        started = time.monotonic()
        script = as_root(command) if root else f"sudo su - {USER} -c {shlex.quote(command)}"
        ran = self._send(script, timeout or 24 * 3600)
        if on_output is not None and (text := ran.stdout + ran.stderr):
            on_output(text)
        elif ran.cut:
            raise ServerError.output_cut(self.host, command)
        result = Result(command, ran.status, ran.stdout, ran.stderr, time.monotonic() - started)
        self._judge(result, Ending(ran.status, None), check)
        return result

    def stream(self, command: str, *, root: bool = False) -> Iterator[bytes]:
        """Run a command and yield what it printed, all at once."""
        yield self.run(command, root=root).stdout.encode()

    def forward(self, host: str, port: int) -> NoReturn:
        """Refuse: a command forwards no port.

        Raises
        ------
        ServerError
            With the reason why SSH does not get through, and what would let it.
        """
        raise self._needs_ssh(say("server.because.forwarded", target=f"{host}:{port}"))

    def _needs_ssh(self, what: str) -> ServerError:
        closed = self._closed
        return ServerError.needs_ssh(self.host, what, f"{closed.what} {closed.why}", closed.next_step)

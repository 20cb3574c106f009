"""A connection to the web server, with a plain synchronous face.

The address, user, key and pinned host key come from an OpenSSH configuration file, the
seam that the machine's own `ssh` uses too; so whoever can `ssh HOST` can use `Server`.
"""

from __future__ import annotations

import queue
import secrets
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tsalab.errors import ServerError
from tsalab.server import background, failures, forwarding, login
from tsalab.server.execution import Ending, Execution, Result, Stream, marked, sweep
from tsalab.server.hostkeys import Trust, Witness
from tsalab.server.transcript import Transcript

USER = "ec2-user"  # who logs in to an Amazon Linux machine
_STOPPING = 15.0  # seconds a stopped command may take to be gone


class Server:
    """The web server. Make one with `Server.connect`; use it in a ``with`` block.

    Parameters
    ----------
    connection
        An open asyncssh connection that lives on the background loop.
    host, user
        Where it goes, for messages.
    trust
        The host key, and why it is believed.
    """

    def __init__(self, connection: Any, host: str, user: str, trust: Trust) -> None:
        self._connection = connection
        self.host = host
        self.user = user
        self.trust = trust

    def __repr__(self) -> str:
        return f"Server({self.user}@{self.host})"

    @classmethod
    def connect(
        cls,
        host: str,
        *,
        user: str | None = USER,
        port: int | None = None,
        ssh_config: Path | None = None,
        key: Path | None = None,
        known_hosts: Path | None = None,
        remember: Path | None = None,
        witness: Witness | None = None,
        timeout: float = 45,
        on_silence: Callable[[], None] | None = None,
        admit: Callable[[str], None] | None = None,
    ) -> Self:
        """Log in.

        Parameters
        ----------
        host
            Public DNS name, or any `Host` of the ssh configuration.
        user
            Login name; as the configuration says when None.
        port
            As the configuration says when None.
        ssh_config
            OpenSSH configuration file; the user's own (`~/.ssh/config`) when None.
        key
            Private key; else what the configuration names, the agent, the default keys.
        known_hosts
            File of host keys to use instead of the configuration's. A host that is not in
            it is trusted and written there, as `ssh` does with
            ``StrictHostKeyChecking=accept-new``; a changed key is refused all the same.
        remember
            The same besides the configuration's files, for a host that none of them knows.
        witness
            Asked first for the keys of such a host; what it says is kept there too, and any
            other key is refused.
        timeout
            Seconds for connection and login together.
        on_silence
            Called (on a thread) when nobody has answered for some seconds: it returns when
            waiting on may help, and raises the reason when it cannot.
        admit
            Called (on a thread) with a new public key when there is no key or the server
            refuses the one there is: lets it in for a moment, as EC2 Instance Connect does.

        Raises
        ------
        ServerError
            Naming which part failed: name, address, key, host key, ...
        """
        connection, trust = background.call(
            login.connect(
                host,
                user=user,
                port=port,
                config=ssh_config,
                key=key,
                known_hosts=known_hosts,
                remember=remember,
                witness=witness,
                timeout=timeout,
                on_silence=on_silence,
                admit=admit,
            )
        )
        return cls(connection, host, user or connection.get_extra_info("username"), trust)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; again is harmless."""
        background.call(self._close())

    async def _close(self) -> None:
        self._connection.close()
        await self._connection.wait_closed()

    @property
    def forwards(self) -> bool:
        """Whether it can forward ports."""
        return True

    @property
    def is_closed(self) -> bool:
        """Whether the connection was closed or lost."""
        return bool(self._connection.is_closed())

    def run(
        self,
        command: str,
        *,
        input: bytes | None = None,  # noqa: A002 - the name that `subprocess.run` gave it
        root: bool = False,
        prompts: Mapping[str, str] | None = None,
        on_output: Callable[[str], None] | None = None,
        check: bool = True,
        timeout: float | None = 600,
    ) -> Result:
        r"""Run a command and wait for it.

        Ctrl-C, the timeout, or an error in `on_output` end the remote command too.

        Parameters
        ----------
        command
            Line for the remote shell.
        input
            Bytes for its standard input.
        root
            Run it in root's login shell, as after ``sudo su -``.
        prompts
            Regular expression to answer, e.g. ``{r"password: ?$": "…"}``. Gives the command
            a terminal; answers never appear in output, results or errors.
        on_output
            Called in the caller's thread with each piece of output, as it comes.
        check
            Raise when the status is not 0.
        timeout
            Seconds; None waits for ever.

        Raises
        ------
        ServerError
            When the command fails (with `check`), does not end in time, or the server goes away.
        """
        self._must_be_open()
        events: queue.SimpleQueue[tuple[str, bytes] | None] = queue.SimpleQueue()
        nonce = secrets.token_hex(8)
        line = marked(command, nonce)
        execution = Execution(
            self._connection,
            as_root(line) if root else line,
            stdin=input,
            prompts=prompts,
            emit=lambda name, data: events.put((name, data)),
            sweep=[as_root(sweep(nonce, signal)) for signal in ("TERM", "KILL")],
        )
        started = time.monotonic()
        future = background.submit(execution.run())
        future.add_done_callback(lambda _: events.put(None))
        text = Transcript(terminal=bool(prompts), on_output=on_output)
        try:
            text.follow(events, None if timeout is None else started + timeout)
            ending = future.result()
        except TimeoutError:
            raise ServerError.timed_out(
                self.host, command, timeout or 0, failures.tail(text.stdout + text.stderr)
            ) from None
        finally:
            if not future.done():
                execution.stop()
                background.settle(future, _STOPPING)
        result = Result(
            command,
            -1 if ending.status is None else ending.status,
            text.stdout,
            text.stderr,
            time.monotonic() - started,
        )
        self._judge(result, ending, check)
        return result

    def _judge(self, result: Result, ending: Ending, check: bool) -> None:
        if ending.lost:
            raise ServerError.gone(self.host, result.command)
        output = result.stderr.strip() or result.stdout
        if ending.asked_again:
            raise ServerError.prompt_again(self.host, result.command, failures.tail(output))
        if check and result.status != 0:
            raise failures.command(self.host, result.command, result.status, ending.signal, output)

    def stream(self, command: str, *, root: bool = False) -> Iterator[bytes]:
        """Run a command and yield its standard output piece by piece, at the reader's pace.

        Memory stays small however much comes. Leaving the loop early ends the command.

        Raises
        ------
        ServerError
            When the command fails, after what it printed was yielded.
        """
        self._must_be_open()
        stream = background.call(Stream.open(self._connection, as_root(command) if root else command))
        try:
            while data := background.call(stream.piece()):
                yield data
            ending, errors = background.call(stream.ending())
        except OSError:
            raise ServerError.gone(self.host, command) from None
        finally:
            background.call(stream.close())
        if ending.lost:
            raise ServerError.gone(self.host, command)
        if ending.status != 0:
            raise failures.command(
                self.host, command, ending.status, ending.signal, errors.decode(errors="replace")
            )

    @contextmanager
    def forward(self, host: str, port: int) -> Iterator[int]:
        """Forward a free local port to a place that the server can reach.

        Parameters
        ----------
        host, port
            As the server sees them, e.g. ``127.0.0.1`` and 3306.

        Yields
        ------
        int
            A port on 127.0.0.1, until the block ends.

        Raises
        ------
        ServerError
            When the block failed because the server could not reach the place.
        """
        self._must_be_open()
        tunnel = background.call(forwarding.open_tunnel(self._connection, host, port))
        try:
            yield tunnel.port
        except ServerError:
            raise
        except Exception as error:
            refusal = None if self.is_closed else background.call(tunnel.refusal())
            if refusal is not None:
                raise ServerError.no_way_from(self.host, f"{host}:{port}", refusal) from error
            raise
        finally:
            background.call(tunnel.close())

    def _must_be_open(self) -> None:
        if self.is_closed:
            raise ServerError.closed(self.host)


def as_root(command: str) -> str:
    """The command in root's login shell, the way the lab becomes root."""
    return f"sudo su - -c {shlex.quote(command)}"

"""Log in with what OpenSSH's configuration says, and tell exactly what stands in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from tsalab.errors import NoKeyError, ServerError, TsalabError
from tsalab.server import background, failures

SSHError = asyncssh.Error

# AES-GCM carries 233 MB/s through asyncssh on loopback, its default cipher 129 MB/s
# (measured). Moved to the front, not made the only one.
_CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
SILENCE = 5.0  # seconds without an answer after which to ask why
_KEEPALIVE = 15  # seconds; four unanswered ones end the connection


class HostKeys(asyncssh.SSHClient):
    """Judges the host key against known hosts, and remembers why it was refused.

    Parameters
    ----------
    files
        Known-hosts files; those that do not exist count as empty.
    pin
        File in which to write a key seen for the first time; None refuses it.
    """

    def __init__(self, files: list[Path], pin: Path | None) -> None:
        self._files = files
        self._pin = pin
        self._known = False
        self._alias = ""
        self.refused: Any = None

    def match(self, host: str, addr: str, port: int | None) -> Any:
        """Look a host up; asyncssh calls this in place of reading the files itself."""
        present = [str(path) for path in self._files if path.is_file()]
        found = asyncssh.read_known_hosts(present).match(host, addr, port)
        self._known = bool(found[0] or found[1])
        self._alias = host if port is None else f"[{host}]:{port}"
        return found

    def validate_host_public_key(self, host: str, addr: str, port: int, key: Any) -> bool:  # noqa: ARG002
        """Decide about a key that no file has (asyncssh fixes the parameters)."""
        if self._known or self._pin is None:
            self.refused = key
            return False
        self._pin.parent.mkdir(parents=True, exist_ok=True)
        with self._pin.open("a") as file:
            file.write(f"{self._alias} {key.export_public_key('openssh').decode().strip()}\n")
        return True

    def refusal(self, host: str) -> ServerError:
        """The error for a refused key."""
        fingerprint = self.refused.get_fingerprint() if self.refused is not None else "unknown"
        if self._known:
            return ServerError.changed_host_key(host, fingerprint)
        return ServerError.unknown_host_key(host, fingerprint)


async def connect(
    host: str,
    *,
    user: str | None,
    port: int | None,
    config: Path | None,
    key: Path | None,
    known_hosts: Path | None,
    remember: Path | None = None,
    timeout: float,
    on_silence: Callable[[], None] | None = None,
    admit: Callable[[str], None] | None = None,
) -> Any:
    """Open a connection; see `Server.connect`.

    Raises
    ------
    ServerError
        For every failure.
    """
    where = _Where(host, user, port, config, known_hosts, remember, timeout, on_silence)
    try:
        return await _connect(where, key)
    except NoKeyError as error:
        if admit is None:
            raise
        return await _connect(where, await _admitted(admit, error))


async def _admitted(admit: Callable[[str], None], refusal: NoKeyError) -> asyncssh.SSHKey:
    """A key of our own, in memory alone, that the server will let in for a moment."""
    own = asyncssh.generate_private_key("ssh-ed25519")
    try:
        await asyncio.to_thread(admit, own.export_public_key().decode().strip())
    except TsalabError as error:
        # What the learner can mend is the key; why the way around it is closed too comes after that.
        raise NoKeyError(
            what=refusal.what, why=f"{refusal.why} {error.what} {error.why}", next_step=refusal.next_step
        ) from error
    return own


@dataclass(frozen=True)
class _Where:
    """Where to connect, and how; see `Server.connect`."""

    host: str
    user: str | None
    port: int | None
    config: Path | None
    known_hosts: Path | None
    remember: Path | None
    timeout: float
    on_silence: Callable[[], None] | None


async def _connect(where: _Where, key: Path | asyncssh.SSHKey | None) -> Any:
    host, known_hosts, timeout = where.host, where.known_hosts, where.timeout
    options = _options(host, where.user, where.config, key)
    files = [known_hosts] if known_hosts else _files(options.known_hosts)
    judge = HostKeys([*files, *([where.remember] if where.remember else [])], known_hosts or where.remember)
    try:
        connection = await _patiently(
            asyncssh.connect(
                host,
                port=where.port or (),
                options=options,
                known_hosts=judge.match,
                client_factory=lambda: judge,
                encryption_algs=_CIPHERS,
                keepalive_interval=_KEEPALIVE,
                keepalive_count_max=4,
                login_timeout=timeout,
            ),
            timeout,
            where.on_silence,
        )
    except asyncssh.HostKeyNotVerifiable:
        raise judge.refusal(host) from None
    except (OSError, asyncssh.Error, TimeoutError) as error:
        raise failures.connecting(error, host, options.username, timeout) from None
    background.close_at_end(connection)
    return connection


async def _patiently(
    connecting: Awaitable[Any], timeout: float, on_silence: Callable[[], None] | None
) -> Any:
    """Wait for a connection; when nobody answers at once, ask meanwhile whether waiting is of any use."""
    attempt = asyncio.ensure_future(connecting)
    try:
        async with asyncio.timeout(timeout):
            if on_silence is not None:
                done, _ = await asyncio.wait({attempt}, timeout=SILENCE)
                if not done:
                    await asyncio.to_thread(on_silence)
            return await attempt
    finally:
        attempt.cancel()  # harmless once it is done


def _options(host: str, user: str | None, config: Path | None, key: Path | asyncssh.SSHKey | None) -> Any:
    """Options as the configuration has them; keys are read here."""
    if config is not None and not config.is_file():
        raise ServerError.no_ssh_config(str(config))
    # Said here too: without it the constructor reads no file, not even the user's own.
    chosen: dict[str, Any] = {"config": () if config is None else [str(config)]}
    if key is not None:
        # An agent full of other keys would use up the server's few attempts.
        chosen |= {"client_keys": [str(key) if isinstance(key, Path) else key], "agent_path": None}
    if user is not None:
        chosen["username"] = user
    try:
        return asyncssh.SSHClientConnectionOptions(host=host, **chosen)
    except (OSError, asyncssh.Error, asyncssh.KeyImportError, asyncssh.ConfigParseError, ValueError) as error:
        raise failures.preparing(error, config, key if isinstance(key, Path) else None) from None


def _files(configured: Any) -> list[Path]:
    """Known-hosts files that the configuration names, else OpenSSH's own default."""
    names = [str(name) for name in configured or ()] if configured != () else ["~/.ssh/known_hosts"]
    return [Path(name).expanduser() for name in names]

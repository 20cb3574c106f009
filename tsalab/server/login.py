"""Log in with what OpenSSH's configuration says, and tell exactly what stands in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from tsalab.errors import NoKeyError, ServerError, TsalabError
from tsalab.server import background, failures
from tsalab.server.hostkeys import HostKeys, Trust, Witness

SSHError = asyncssh.Error

# AES-GCM carries 233 MB/s through asyncssh on loopback, its default cipher 129 MB/s
# (measured). Moved to the front, not made the only one.
_CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
SILENCE = 5.0  # seconds without an answer after which to ask why
_KEEPALIVE = 15  # seconds; four unanswered ones end the connection


async def connect(
    host: str,
    *,
    user: str | None,
    port: int | None,
    config: Path | None,
    key: Path | None,
    known_hosts: Path | None,
    remember: Path | None = None,
    witness: Witness | None = None,
    timeout: float,
    on_silence: Callable[[], None] | None = None,
    admit: Callable[[str], None] | None = None,
) -> tuple[Any, Trust]:
    """Open a connection; see `Server.connect`.

    Raises
    ------
    ServerError
        For every failure.
    """
    where = _Where(host, user, port, config, known_hosts, remember, witness, timeout, on_silence)
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
    witness: Witness | None
    timeout: float
    on_silence: Callable[[], None] | None


async def _connect(where: _Where, key: Path | asyncssh.SSHKey | None) -> tuple[Any, Trust]:
    host, known_hosts, timeout = where.host, where.known_hosts, where.timeout
    options = _options(host, where.user, where.config, key)
    files = [known_hosts] if known_hosts else _files(options.known_hosts)
    judge = HostKeys(files, known_hosts or where.remember, where.witness)
    port = where.port or options.port
    await asyncio.to_thread(judge.prepare, options.host_key_alias or options.host, port)
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
    except (asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost) as error:
        # A known host was asked for keys of the known kinds alone: one that has none of them is another.
        # Which of the two says so first, we or it by hanging up, is a matter of chance.
        if (shown := await _of_another_kind(host, where, options, judge)) is None:
            raise failures.connecting(error, host, options.username, timeout) from None
        judge.refused = shown
        raise judge.refusal(host) from None
    except (OSError, asyncssh.Error, TimeoutError) as error:
        raise failures.connecting(error, host, options.username, timeout) from None
    background.close_at_end(connection)
    return connection, judge.trust(connection.get_server_host_key())


async def _of_another_kind(host: str, where: _Where, options: Any, judge: HostKeys) -> asyncssh.SSHKey | None:
    """The key of a host that is known by other kinds than it has; None when that is not what is wrong."""
    kinds = judge.kinds
    if not kinds or await _shown(host, where, options, kinds) is not None:
        return None
    return await _shown(host, where, options)


async def _shown(host: str, where: _Where, options: Any, kinds: Sequence[str] = ()) -> asyncssh.SSHKey | None:
    """The key that a host shows, of some kinds or whichever; None when it has none or cannot be asked."""
    try:
        async with asyncio.timeout(where.timeout):
            return await asyncssh.get_server_host_key(
                host, where.port or (), options=options, server_host_key_algs=kinds or ()
            )
    except (OSError, asyncssh.Error, TimeoutError):
        return None


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

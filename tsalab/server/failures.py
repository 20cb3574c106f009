"""What went wrong over SSH, in words that help: from exceptions and outputs to `ServerError`."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import asyncssh

from tsalab.errors import ServerError
from tsalab.messages import say

_DISK_FULL = re.compile(r"No space left on device|err(?:code|no):? 28\b|Disk quota exceeded", re.IGNORECASE)
_NOT_FOUND = re.compile(r"command not found|: not found$", re.MULTILINE)
_LINES = 6


def connecting(error: Exception, host: str, user: str, timeout: float) -> ServerError:
    """Why a connection could not be made."""
    if isinstance(error, ServerError):
        return error
    if isinstance(error, asyncssh.PermissionDenied):
        return ServerError.refused_key(host, user)
    if isinstance(error, TimeoutError):
        return ServerError.no_answer(host, timeout)
    if isinstance(error, socket.gaierror):
        return ServerError.unknown_name(host)
    if isinstance(error, ConnectionRefusedError):
        return ServerError.not_listening(host)
    if isinstance(error, asyncssh.ConnectionLost):
        return ServerError.unreachable(host, say("server.because.before_login"))
    return ServerError.unreachable(host, str(error) or type(error).__name__)


def preparing(error: Exception, config: Path | None, key: Path | None) -> ServerError:
    """Why the configuration or key cannot be used; before any connection."""
    name = getattr(error, "filename", None) or (str(key) if key else say("server.because.named_in_config"))
    if isinstance(error, asyncssh.ConfigParseError):
        return ServerError.no_ssh_config(str(config or "~/.ssh/config"))
    if isinstance(error, FileNotFoundError):
        if config is not None and str(name) == str(config):
            return ServerError.no_ssh_config(str(config))
        return ServerError.no_key_file(str(name))
    if isinstance(error, PermissionError):
        return ServerError.bad_key_file(str(name), say("server.because.may_not_read"))
    if isinstance(error, asyncssh.KeyEncryptionError) or "assphrase" in str(error):
        return ServerError.bad_key_file(str(name), say("server.because.passphrase"))
    return ServerError.bad_key_file(str(name), say("server.because.unknown_format"))


def command(host: str, text: str, status: int | None, signal: str | None, output: str) -> ServerError:
    """Why a command failed, judging by its status and last lines."""
    last = tail(output)
    if _DISK_FULL.search(output):
        return ServerError.disk_full(host, text, last)
    if status == 127 or (status and _NOT_FOUND.search(output)):
        return ServerError.command_not_found(host, text, last)
    ending = (
        say("server.ending.signal", signal=signal) if signal else say("server.ending.status", status=status)
    )
    return ServerError.command_failed(host, text, ending, last)


def tail(output: str) -> str:
    """Last lines of an output that say something."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return "\n        ".join(lines[-_LINES:])

"""What a profile's name stands for: the learner's own AWS configuration, or a sandbox's.

The lab never asks which of the two it has. A profile is first looked up where AWS tools
look; then in the folders that ``tsalab sandbox up`` writes, whose files have the same
format. Only a sandbox's profile can be *started*, and that goes through the command line,
as a person would do it.
"""

from __future__ import annotations

import configparser
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tsalab import nursery, settings
from tsalab.errors import ProfileError

_CONNECT_SECONDS = 2.0


@dataclass(frozen=True)
class Profile:
    """An AWS profile and the files it is written in.

    Parameters
    ----------
    name
        The profile's name.
    config, credentials
        The files, or None where AWS's own rules find them.
    """

    name: str
    config: Path | None = None
    credentials: Path | None = None

    def environment(self) -> dict[str, str]:
        """Variables with which any AWS tool uses this profile."""
        found = {"AWS_PROFILE": self.name}
        if self.config:
            found["AWS_CONFIG_FILE"] = str(self.config)
        if self.credentials:
            found["AWS_SHARED_CREDENTIALS_FILE"] = str(self.credentials)
        return found


def locate(name: str, *, start: bool = True, on_line: Callable[[str], None] | None = None) -> Profile:
    """Find a profile; start its sandbox when it is one that is not running.

    Parameters
    ----------
    name
        The profile's name.
    start
        Whether a sandbox that is not running may be started.
    on_line
        Called with each line of progress while a sandbox starts.

    Raises
    ------
    ProfileError
        When nothing has that name, or its sandbox does not run or does not start.
    """
    if _is_users_own(name):
        return Profile(name)
    folder = settings.home() / "sandboxes" / name / "aws"
    if not folder.is_dir() and name != settings.get("profile"):
        raise ProfileError.unknown(name, known())
    if not _answers(folder / "config", name):
        if not start:
            raise ProfileError.sandbox_down(name)
        start_sandbox(name, on_line)
    return Profile(name, folder / "config", folder / "credentials")


def runs(name: str) -> bool:
    """Whether a profile can be used as it is, without starting its sandbox.

    Parameters
    ----------
    name
        The profile's name.
    """
    folder = settings.home() / "sandboxes" / name / "aws"
    return _is_users_own(name) or _answers(folder / "config", name)


def _is_users_own(name: str) -> bool:
    return name in _section_names(_user_config(), prefix="profile ") | _section_names(_user_credentials())


def _user_config() -> Path:
    return Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()


def _user_credentials() -> Path:
    return Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()


def _read(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ProfileError.unreadable(path, error) from error
    return parser


def _section_names(path: Path, prefix: str = "") -> set[str]:
    names = _read(path).sections()  # a configuration also has sections that are no profiles
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix) or name == "default"}


def known() -> list[str]:
    """Names of every profile: AWS's own and the sandboxes'."""
    sandboxes = settings.home() / "sandboxes"
    own = {path.name for path in sandboxes.iterdir() if path.is_dir()} if sandboxes.is_dir() else set()
    return sorted(_section_names(_user_config(), "profile ") | _section_names(_user_credentials()) | own)


def _answers(config: Path, name: str) -> bool:
    """Whether something listens at the profile's ``endpoint_url``."""
    parser = _read(config)
    url = urlsplit(parser.get(f"profile {name}", "endpoint_url", fallback=""))
    if not url.hostname or not url.port:
        return False
    try:
        socket.create_connection((url.hostname, url.port), timeout=_CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def start_sandbox(name: str, on_line: Callable[[str], None] | None = None, commission: str = "") -> None:
    """Run ``tsalab sandbox up`` in a process of its own, and pass its progress on.

    Parameters
    ----------
    name
        The sandbox.
    on_line
        Called with each line of progress.
    commission
        As JSON, whom its ledger is for, with the key that signs it; else it vouches for itself.

    Raises
    ------
    ProfileError
        When it does not start, with its last words.
    """
    lines: list[str] = []
    with nursery.start(
        ["-m", "tsalab", "sandbox", "up", "--name", name, *(["--commission"] if commission else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        new_session=False,
    ) as process:
        assert process.stdin is not None  # noqa: S101 - asked for above
        assert process.stderr is not None  # noqa: S101 - as above
        try:
            with suppress(BrokenPipeError), process.stdin as told:
                told.write(f"{commission}\n")  # neither arguments nor environment are secret
            for line in process.stderr:
                lines.append(line.rstrip())
                if on_line:
                    on_line(lines[-1])
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)  # it ends what it has started
            process.wait()
            raise
    if process.returncode:
        raise ProfileError.sandbox_not_started(name, lines)

"""Sandboxes for tests that need one: brought up once a session, ended and removed after it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from tsalab.nursery import Nursery
from tsalab.sandbox import manager
from tsalab.sandbox.folder import Folder


def pytest_configure(config: pytest.Config) -> None:
    """Let signals reach what the tests start: what a shell runs in the background ignores some."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup's jobs ignore this one
    config.addinivalue_line("markers", "mysql: needs a MySQL server (`make mysql` fetches one)")
    os.environ.setdefault("TSALAB_RESUME_SECONDS", "0")  # no test waits for a pause that it is not about


@dataclass(frozen=True)
class LiveSandbox:
    """A running sandbox.

    Attributes
    ----------
    name
        Its name and profile.
    home
        The ``TSALAB_HOME`` it lives in.
    folder
        Its folder.
    env
        Environment for programs: ours, with the profile's variables and ``TSALAB_HOME``.
    """

    name: str
    home: Path
    folder: Folder
    env: dict[str, str]

    def session(self) -> boto3.Session:
        """A boto3 session of the learner."""
        return manager.session_in(self.folder)


@pytest.fixture(scope="session")
def nest() -> Iterator[Nursery]:
    """Where the fixtures' supervisors are forked: seventy of them import everything once."""
    with Nursery() as opened:
        yield opened


def _live(nest: Nursery, name: str, *, start_state: bool) -> Iterator[LiveSandbox]:
    home = Path(tempfile.mkdtemp(prefix="tsalab-test-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSALAB_HOME", str(home))
        try:
            with pytest.MonkeyPatch.context() as forked:
                for variable, value in nest.environment().items():
                    forked.setenv(variable, value)
                manager.up(name, start_state=start_state)
            env = {**os.environ, **manager.env(name)}
            folder = Folder(name)
            with pytest.MonkeyPatch.context() as outside:
                # Tests see the environment they came with; whoever wants this home asks for it.
                outside.delenv("TSALAB_HOME")
                yield LiveSandbox(name, home, folder, env)
        finally:
            if Folder(name).exists():
                manager.down(name, delete=True)
            shutil.rmtree(home)


@pytest.fixture(scope="session")
def sandbox(nest: Nursery) -> Iterator[LiveSandbox]:
    """A sandbox with the state that labs 1 to 3 leave behind."""
    yield from _live(nest, "sandbox", start_state=True)


@pytest.fixture(scope="session")
def bare_sandbox(nest: Nursery) -> Iterator[LiveSandbox]:
    """A sandbox with nothing in it."""
    yield from _live(nest, "bare", start_state=False)


@pytest.fixture
def fresh_sandbox(nest: Nursery) -> Iterator[LiveSandbox]:
    """A sandbox of a test's own, with the state that labs 1 to 3 leave behind."""
    yield from _live(nest, "lab", start_state=True)


@pytest.fixture
def empty_sandbox(nest: Nursery) -> Iterator[LiveSandbox]:
    """A sandbox of a test's own, with nothing in it."""
    yield from _live(nest, "lab", start_state=False)


@pytest.fixture(scope="module")
def slow_sandbox(nest: Nursery) -> Iterator[LiveSandbox]:
    """A sandbox that takes its time, as AWS does: what happens in it can be watched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSALAB_PACE", "1")
        yield from _live(nest, "slow", start_state=True)


@pytest.fixture(scope="module")
def module_sandbox(nest: Nursery) -> Iterator[LiveSandbox]:
    """A sandbox that the tests of one file share and change, in their order."""
    yield from _live(nest, "lab", start_state=True)

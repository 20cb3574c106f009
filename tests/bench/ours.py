"""What is ours: ``up``, the lab on what is up, ``down``, and all of them in one ``tsalab run``."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from timing import timed


def ours(folder: Path) -> dict[str, float]:
    """Seconds of ``up``, of the lab on what is up, and of both in one ``tsalab run``."""
    found: dict[str, float] = {}
    with sandbox(folder, found) as (name, env):
        found["lab"] = tsalab("run", "--profile", name, "--out", "out", env=env, cwd=folder)
    found["up, lab and down in one run"] = tsalab("run", "--out", "all", env=env, cwd=folder)
    return found


@contextmanager
def sandbox(folder: Path, found: dict[str, float]) -> Iterator[tuple[str, dict[str, str]]]:
    """A sandbox for the time of a block; yields its name and the environment to use it in.

    Parameters
    ----------
    folder
        Where its home is made.
    found
        Gets the seconds of its ``up`` and ``down``.
    """
    env = os.environ | {"TSALAB_HOME": str(folder / "home")}
    name = f"bench-{secrets.token_hex(3)}"
    found["sandbox up"] = tsalab("sandbox", "up", "--name", name, env=env, cwd=folder)
    try:
        yield name, env
    finally:
        found["sandbox down"] = tsalab("sandbox", "down", "--name", name, "--delete", env=env, cwd=folder)


def tsalab(*command: str, env: Mapping[str, str], cwd: Path) -> float:
    """Seconds of one command of ours."""

    def work() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "tsalab", *command], env=dict(env), cwd=cwd, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"tsalab {' '.join(command)}: {done.stdout}{done.stderr}")

    return timed(work)

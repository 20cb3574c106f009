"""The course's checks, run by the supervisor on the real state: what a seal says of each step.

They are run through the command line, as a person would do it, in a process that the
supervisor starts: so the kernel has no part in it, and nothing here imports the course.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tsalab.errors import LedgerError
from tsalab.ledger import Looked
from tsalab.messages import say
from tsalab.sandbox import processes
from tsalab.sandbox.folder import Folder

_STEPS = ("1-30", *(f"cleanup-{number}" for number in range(1, 9)))
_SECONDS = 180.0


def judged(folder: Folder, workdir: str) -> list[Looked]:
    """What each step's check sees now.

    Parameters
    ----------
    folder
        The sandbox.
    workdir
        The learner's folder, which holds what the learner wrote.

    Raises
    ------
    LedgerError
        When the checks cannot be run.
    """
    command = [sys.executable, "-m", "tsalab", "check", "--json", "--profile", folder.name]
    environment = {
        **os.environ,
        "AWS_CONFIG_FILE": str(folder.path("aws", "config")),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder.path("aws", "credentials")),
    }
    try:
        done = subprocess.run(
            [*command, "--workdir", workdir, *_STEPS],
            env=processes.environment(folder, environment),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        return [_looked(row) for row in json.loads(done.stdout)]
    except subprocess.TimeoutExpired as error:
        cause = say("ledger.because.slow", seconds=_SECONDS)
        raise LedgerError.not_looked(folder.name, cause) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        cause = done.stderr.decode("utf-8", "replace").strip()[-300:] or type(error).__name__
        raise LedgerError.not_looked(folder.name, cause) from error


def _looked(row: Any) -> Looked:
    return Looked(row["number"], bool(row["passed"]), str(row["saw"]))


def run_of(workdir: str) -> str:
    """Nonce of the run that the learner's folder says it belongs to; empty when it says none."""
    try:
        known = json.loads(Path(workdir, ".tsalab", "lab.json").read_text(encoding="utf-8"))
        return str(known["run"])[:64]
    except (OSError, ValueError, TypeError, KeyError):
        return ""

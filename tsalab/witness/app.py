"""A learner's commit brought into a sandbox's repository, without trusting the bundle it comes in.

Only objects are taken, checked by git itself, into a bare repository: no file is checked out,
no hook runs, and no configuration but ours is read.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tsalab.cloud.git import signed
from tsalab.cloud.repository import BRANCH, Repository
from tsalab.errors import CloudError
from tsalab.handin import Work, WorkError
from tsalab.messages import say
from tsalab.steps import Place

SECONDS = 60.0
_HARDENED = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "transfer.fsckObjects=true"),
    *("-c", "fetch.recurseSubmodules=false"),
)
_HANDED_IN = "refs/handed-in"
_AUTHOR = "TSA learner <learner@tsalab.example>"


def push(work: Work, place: Place) -> str:
    """Push the commit to the repository's branch; returns what the branch ends at then.

    An app that does not go on from the repository's history (another account's, for
    instance) is put on top of it as one commit with the same files.

    Parameters
    ----------
    work
        With the bundle.
    place
        The sandbox.

    Raises
    ------
    WorkError
        When the bundle is no bundle, is damaged, or holds another commit.
    CloudError
        When the repository refuses it.
    """
    if not work.commit:
        raise WorkError(say("witness.replay.no_app"))
    url = Repository(place.account, place.repository).clone_url()
    options, secret = signed(place.account.core, place.account.region, url)
    with tempfile.TemporaryDirectory(prefix="tsalab-replay-") as name:
        folder = Path(name)
        bundle = folder / "app.bundle"
        bundle.write_bytes(work.app)
        bare = folder / "app.git"
        _git(folder, ["init", "--quiet", "--bare", str(bare)])
        taken = _git(bare, ["fetch", "--quiet", "--no-tags", str(bundle), f"HEAD:{_HANDED_IN}"])
        if taken.returncode:
            raise WorkError(say("handin.malformed", cause=taken.stderr.strip()[-500:]))
        found = _said(bare, ["rev-parse", _HANDED_IN])
        if found != work.commit:
            raise WorkError(say("witness.replay.other_commit", found=found, wanted=work.commit))
        _need(_git(bare, [*options, "fetch", "--quiet", url, f"{BRANCH}:base"], secret))
        commit = found if _goes_on(bare, found) else _on_top(bare, found)
        _need(_git(bare, [*options, "push", "--quiet", url, f"{commit}:refs/heads/{BRANCH}"], secret))
    return commit


def _goes_on(bare: Path, commit: str) -> bool:
    return _git(bare, ["merge-base", "--is-ancestor", "base", commit]).returncode == 0


def _on_top(bare: Path, commit: str) -> str:
    tree = ["commit-tree", f"{commit}^{{tree}}", "-p", "base", "-m", commit]
    who, _, mail = _AUTHOR.rstrip(">").partition(" <")
    names = {"GIT_AUTHOR_NAME": who, "GIT_AUTHOR_EMAIL": mail}
    made = _need(_git(bare, tree, names | {"GIT_COMMITTER_NAME": who, "GIT_COMMITTER_EMAIL": mail}))
    return made.stdout.strip()


def _said(bare: Path, command: Sequence[str]) -> str:
    return _need(_git(bare, command)).stdout.strip()


def _need(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    if done.returncode:
        raise CloudError.git_failed("push", done.returncode, done.stderr.strip())
    return done


def _git(
    folder: Path, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    own = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    try:
        return subprocess.run(
            ["git", *_HARDENED, *command],
            cwd=folder,
            env={**os.environ, **own, **(environment or {})},
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise CloudError.git_missing() from error
    except subprocess.TimeoutExpired as error:
        raise WorkError(say("witness.replay.timed_out", seconds=SECONDS)) from error

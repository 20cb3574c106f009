"""The gallery's repositories as labs 1 to 3 leave them: a short, real history, made by git.

One ``git fast-import`` writes all commits of a repository, and one ``git push`` delivers
them. Authors and dates are fixed, so that everybody's repository has the same commit ids.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tsalab import resources
from tsalab.errors import CloudError

BRANCH = "master"
_AUTHOR = "TSA Gallery labs <labs@tsagallery.example>"
_FIRST_DAY = 1_757_930_400  # seconds since 1970; each commit is a day after the one before
_DAY = 86_400
_LEFT_OUT = frozenset({"node_modules", "__pycache__", ".git", ".DS_Store"})


@dataclass(frozen=True)
class Commit:
    """One commit: a message, and the files and folders it brings.

    Attributes
    ----------
    message
        Its subject line.
    paths
        What of the source it adds; empty for everything that is left.
    """

    message: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class History:
    """A repository's name, the folder of ``templates/gallery`` it is made from, and its commits."""

    repository: str
    folder: str
    description: str
    commits: tuple[Commit, ...]

    @property
    def source(self) -> Path:
        """Where its files are."""
        return resources.templates() / "gallery" / self.folder


HISTORIES = (
    History(
        "TSAGallery-API",
        "api",
        "API of the photo gallery",
        (
            Commit("Tables and first photos", ("db", ".gitignore")),
            Commit("Settings and helpers", ("utils", "package.json", "package-lock.json", ".npmrc")),
            Commit("The API: categories, photos, search, login, upload"),
        ),
    ),
    History(
        "TSAGallery-SPA",
        "spa",
        "Single-page app of the photo gallery",
        (
            Commit("A page and its styles", ("index.html", "css")),
            Commit("Browse, search, log in, upload and edit"),
        ),
    ),
)


def push(
    history: History,
    url: str,
    *,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> str:
    """Make a repository's history and push it; returns the id of the newest commit.

    Parameters
    ----------
    history
        What to push.
    url
        Where to.
    options
        ``-c`` options for ``git push``, a credential helper for instance.
    environment
        Variables for ``git push`` besides our own.

    Raises
    ------
    CloudError
        When there is no git, or it fails.
    """
    with tempfile.TemporaryDirectory(prefix="tsalab-history-") as folder:
        _git(["init", "--quiet", "--bare", "--initial-branch", BRANCH, folder])
        _git(["-C", folder, "fast-import", "--quiet"], feed=b"".join(stream(history)))
        _git(["-C", folder, *options, "push", "--quiet", url, BRANCH], environment=environment)
        return _git(["-C", folder, "rev-parse", BRANCH]).decode().strip()


def stream(history: History) -> Iterator[bytes]:
    """The history in the language of ``git fast-import``."""
    left = dict(_files(history.source))
    for number, commit in enumerate(history.commits):
        when = f"{_AUTHOR} {_FIRST_DAY + number * _DAY} +0000"
        yield f"commit refs/heads/{BRANCH}\nauthor {when}\ncommitter {when}\n".encode()
        yield _data(commit.message.encode() + b"\n")
        for name in [name for name in left if _belongs(name, commit.paths)]:
            path = left.pop(name)
            mode = "100755" if os.access(path, os.X_OK) else "100644"
            yield f"M {mode} inline {name}\n".encode()
            yield _data(path.read_bytes())
        yield b"\n"


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _belongs(name: str, paths: tuple[str, ...]) -> bool:
    return not paths or any(name == path or name.startswith(f"{path}/") for path in paths)


def _files(source: Path) -> Iterator[tuple[str, Path]]:
    """The source's files in order, without what is only there after somebody tried it out."""
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if path.is_file() and not _LEFT_OUT.intersection(name.parts):
            yield name.as_posix(), path


def _git(
    command: Sequence[str], *, feed: bytes | None = None, environment: Mapping[str, str] | None = None
) -> bytes:
    variables = {**os.environ, **(environment or {}), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *command], input=feed or b"", capture_output=True, env=variables, check=False
        )
    except FileNotFoundError as error:
        raise CloudError.git_missing() from error
    if done.returncode:
        verb = next(word for word in ("init", "fast-import", "push", "rev-parse") if word in command)
        raise CloudError.git_failed(verb, done.returncode, done.stderr.decode(errors="replace").strip())
    return done.stdout

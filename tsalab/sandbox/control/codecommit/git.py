"""A bare repository, read and written by the git program.

Reading goes through one ``git cat-file --batch`` a request, writing through one
``git fast-import``: a process costs 3 ms, so their number is what an answer costs.
fast-import moves a branch only when the new commit contains the old tip, so a push that
comes in between is never lost.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git knows it in every repository
HEADS = "refs/heads/"
FILE, EXECUTABLE, SYMLINK, FOLDER, SUBMODULE = "100644", "100755", "120000", "040000", "160000"
_ID = re.compile(r"[0-9a-f]{40}")
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"


class GitError(Exception):
    """The git program refused; its own words."""


@dataclass(frozen=True)
class Object:
    """One object of a repository."""

    oid: str
    kind: str
    data: bytes


@dataclass(frozen=True)
class Entry:
    """One line of a tree."""

    mode: str
    oid: str
    path: str


@dataclass(frozen=True)
class Change:
    """One file that differs between two trees; an empty path is a side that has no file."""

    before: Entry | None
    after: Entry | None


@dataclass(frozen=True)
class Put:
    """A file as it shall be: new content, or the id of a blob that is there already."""

    path: str
    mode: str
    content: bytes | None = None
    oid: str = ""

    @property
    def blob(self) -> str:
        """Id of the file's content."""
        return self.oid if self.content is None else blob_id(self.content)


@dataclass(frozen=True)
class Author:
    """Who commits, and when (seconds since 1970)."""

    name: str
    email: str
    when: int


class Bare:
    """A bare repository.

    Parameters
    ----------
    path
        Its folder.
    env
        Added to the environment of the git program.
    """

    def __init__(self, path: Path, env: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._env = environment(env)

    def create(self) -> None:
        """Lay out an empty repository, as ``git init --bare`` does, without its sample hooks."""
        for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
            (self.path / name).mkdir(parents=True)
        (self.path / "HEAD").write_text("ref: refs/heads/main\n")
        (self.path / "config").write_text(_CONFIG)

    def delete(self) -> None:
        """Remove the repository; it is gone at once, however long its files take."""
        grave = self.path.with_name(f".{self.path.name}.deleted")
        shutil.rmtree(grave, ignore_errors=True)
        self.path.rename(grave)
        shutil.rmtree(grave)

    def branches(self) -> dict[str, str]:
        """Commit id at the tip of every branch."""
        lines = self._git("for-each-ref", "--format=%(objectname) %(refname)", HEADS).decode().splitlines()
        pairs = (line.split(" ", 1) for line in lines)
        return {name.removeprefix(HEADS): oid for oid, name in pairs}

    def head(self) -> str:
        """Name of the branch that a clone checks out, whether it exists or not."""
        return (self.path / "HEAD").read_text().strip().removeprefix("ref: ").removeprefix(HEADS)

    def set_head(self, branch: str) -> None:
        """Make a branch the one that a clone checks out."""
        new = self.path / "HEAD.new"
        new.write_text(f"ref: {HEADS}{branch}\n")
        new.replace(self.path / "HEAD")

    def move(self, branch: str, new: str, old: str) -> None:
        """Point a branch elsewhere if it is where we think: ``old``, or nowhere (40 zeros).

        Raises
        ------
        GitError
            When it is not there any more.
        """
        self._git("update-ref", f"{HEADS}{branch}", new, old)

    def remove_branch(self, branch: str, old: str) -> None:
        """Delete a branch that is where we think."""
        self._git("update-ref", "-d", f"{HEADS}{branch}", old)

    def read(self, *expressions: str) -> list[Object | None]:
        """Objects by git's revision expressions; None where there is none."""
        stream = self._git("cat-file", "--batch", text="".join(f"{e}\n" for e in expressions).encode())
        found: list[Object | None] = []
        at = 0
        for _ in expressions:
            end = stream.index(b"\n", at)
            head = stream[at:end].decode("utf-8", "replace").split(" ")
            at = end + 1
            if len(head) != 3 or not _ID.fullmatch(head[0]):
                found.append(None)  # "… missing" or "… ambiguous"
                continue
            size = int(head[2])
            found.append(Object(head[0], head[1], stream[at : at + size]))
            at += size + 1
        return found

    def commit_id(self, specifier: str) -> str | None:
        """Commit that an id, a branch, a tag or a full reference names."""
        if _ID.fullmatch(specifier) or specifier == "HEAD" or specifier.startswith("refs/"):
            tries = [specifier]
        else:
            tries = [f"{HEADS}{specifier}", f"refs/tags/{specifier}"]
        found = self.read(*(f"{one}^{{commit}}" for one in tries))
        return next((one.oid for one in found if one is not None), None)

    def files(self, commit: str) -> dict[str, Entry]:
        """Every file of a commit, by path."""
        lines = self._git("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
        entries = (_entry(line) for line in lines if line)
        return {entry.path: entry for entry in entries}

    def tree(self, commit: str, folder: str) -> tuple[str, list[Entry]] | None:
        """Id and lines of one folder (``""`` is the root); None when it is no folder."""
        found = self.read(f"{commit}:{folder}")[0]
        if found is None or found.kind != "tree":
            return None
        return found.oid, list(_lines(found.data))

    def differences(self, before: str | None, after: str, path: str = "") -> list[Change]:
        """Files that differ between two commits (``None``: from nothing)."""
        limit = ["--", f":(top,literal){path}"] if path else []
        raw = self._git(
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            before or EMPTY_TREE,
            after,
            *limit,
        )
        fields = raw.decode("utf-8", "surrogateescape").split("\0")
        changes = []
        for line, name in zip(fields[0:-1:2], fields[1::2], strict=True):
            old_mode, new_mode, old, new, status = line.removeprefix(":").split(" ")
            changes.append(
                Change(
                    before=None if status == "A" else Entry(old_mode, old, name),
                    after=None if status == "D" else Entry(new_mode, new, name),
                )
            )
        return changes

    def commit(
        self,
        branch: str,
        parent: str | None,
        author: Author,
        message: str,
        puts: Iterable[Put],
        deletes: Iterable[str],
    ) -> str:
        """Commit files on a branch.

        Raises
        ------
        GitError
            When the branch has moved away from ``parent`` meanwhile.
        """
        text = message.encode()
        who = f"{author.name} <{author.email}> {author.when} +0000"
        parts: list[bytes] = [
            f"commit {HEADS}{branch}\nmark :1\ncommitter {who}\ndata {len(text)}\n".encode(),
            text,
            b"\n",
        ]
        if parent:
            parts.append(f"from {parent}\n".encode())
        parts.extend(f"D {_quoted(path)}\n".encode() for path in deletes)
        for put in puts:
            if put.content is None:
                parts.append(f"M {put.mode} {put.oid} {_quoted(put.path)}\n".encode())
            else:
                parts.append(f"M {put.mode} inline {_quoted(put.path)}\ndata {len(put.content)}\n".encode())
                parts.extend((put.content, b"\n"))
        parts.append(b"get-mark :1\ndone\n")
        answer = self._git("fast-import", "--quiet", "--done", "--date-format=raw", text=b"".join(parts))
        return answer.decode().strip()

    def archive(self, commit: str) -> bytes:
        """The files of a commit as a zip."""
        return self._git("archive", "--format=zip", commit)

    def _git(self, *arguments: str, text: bytes = b"") -> bytes:
        ended = subprocess.run(
            ["git", f"--git-dir={self.path}", *arguments],
            input=text,
            capture_output=True,
            env=self._env,
            check=False,
        )
        if ended.returncode:
            raise GitError(ended.stderr.decode("utf-8", "replace").strip() or f"git {arguments[0]} failed")
        return ended.stdout


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which neither the user's nor the machine's git settings count."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C",
        **(extra or {}),
    }


def blob_id(content: bytes) -> str:
    """Id that git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _entry(line: bytes) -> Entry:
    facts, _, name = line.partition(b"\t")
    mode, _, oid = facts.decode().split(" ")
    return Entry(mode, oid, name.decode("utf-8", "surrogateescape"))


def _lines(data: bytes) -> Iterable[Entry]:
    at = 0
    while at < len(data):
        end = data.index(b"\0", at)
        mode, _, name = data[at:end].partition(b" ")
        yield Entry(
            mode.decode().zfill(6), data[end + 1 : end + 21].hex(), name.decode("utf-8", "surrogateescape")
        )
        at = end + 21


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'

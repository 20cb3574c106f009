"""The repositories folder: which repositories there are, what is known about each, who is told of changes.

What CodeCommit knows besides git's own data (id, description, tags, dates) lies in the
repository's folder, so that both always agree, also after a crash.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tsalab.sandbox.control.codecommit import names
from tsalab.sandbox.control.codecommit.git import HEADS, Bare
from tsalab.sandbox.control.json_service import ApiError, now
from tsalab.sandbox.folder import read_json, write_json

Listener = Callable[[str, str, str], None]
NOWHERE = "0" * 40
_FACTS = "codecommit.json"

logger = logging.getLogger("tsalab.sandbox.codecommit")


class Repositories:
    """Every repository of a sandbox.

    Parameters
    ----------
    root
        Folder that holds them, each as ``NAME.git``.
    env
        Added to the environment of the git program.

    Attributes
    ----------
    listeners
        Called with repository, branch and new commit whenever a branch moves, from the
        thread that moved it.
    """

    def __init__(self, root: Path, env: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.listeners: list[Listener] = []
        self._env = dict(env or {})
        self._lock = threading.Lock()

    def __contains__(self, name: str) -> bool:
        return names.is_repository_name(name) and (self._folder(name) / _FACTS).is_file()

    def names(self) -> list[str]:
        """Names of all repositories, sorted."""
        return sorted(name for f in self.root.glob("*.git") if (name := f.name.removesuffix(".git")) in self)

    def create(self, name: str, description: str, tags: Mapping[str, str]) -> None:
        """Make an empty repository.

        Raises
        ------
        ApiError
            When the name is wrong or taken.
        """
        names.repository(name)
        with self._lock:
            if name in self:
                raise ApiError("RepositoryNameExistsException", f"Repository named {name} already exists")
            self.root.mkdir(parents=True, exist_ok=True)
            Bare(self._folder(name)).create()
            when = now()
            write_json(
                self._folder(name) / _FACTS,
                {
                    "id": str(uuid.uuid4()),
                    "description": description,
                    "tags": dict(tags),
                    "created": when,
                    "modified": when,
                },
            )

    def delete(self, name: str) -> str | None:
        """Remove a repository; its id, or None when there was none."""
        names.repository(name)
        with self._lock:
            if name not in self:
                return None
            known: str = self.facts(name)["id"]
            self.git(name).delete()
            return known

    def rename(self, old: str, new: str) -> None:
        """Give a repository another name."""
        names.repository(new)
        with self._lock:
            self.facts(old)
            if new in self:
                raise ApiError("RepositoryNameExistsException", f"Repository named {new} already exists")
            self._folder(old).rename(self._folder(new))

    def facts(self, name: str) -> dict[str, Any]:
        """What is known of a repository besides git's data.

        Raises
        ------
        ApiError
            When there is no such repository.
        """
        if names.repository(name) not in self:
            raise ApiError("RepositoryDoesNotExistException", f"{name} does not exist")
        facts: dict[str, Any] = read_json(self._folder(name) / _FACTS)
        return facts

    def update(self, name: str, **changes: Any) -> None:
        """Change what is known of a repository."""
        with self._lock:
            write_json(self._folder(name) / _FACTS, {**self.facts(name), "modified": now(), **changes})

    def git(self, name: str) -> Bare:
        """The bare repository itself.

        Raises
        ------
        ApiError
            When there is none of this name.
        """
        if names.repository(name) not in self:
            raise ApiError("RepositoryDoesNotExistException", f"{name} does not exist")
        return Bare(self._folder(name), self._env)

    def default_branch(self, name: str) -> str | None:
        """The branch that a clone checks out; None while there is none."""
        git = self.git(name)
        head = git.head()
        return head if git.commit_id(f"{HEADS}{head}") else None

    def moved(self, name: str, branch: str, new: str) -> None:
        """A branch points elsewhere (``new`` is 40 zeros when it is gone): remember, and tell."""
        self.update(name)
        if new == NOWHERE:
            return
        if self.default_branch(name) is None:
            self.git(name).set_head(branch)
        for listener in self.listeners:
            listener(name, branch, new)

    def pushed(self, name: str, ref: str, old: str, new: str) -> None:
        """The git server took a push; as its ``on_push``."""
        del old
        if ref.startswith(HEADS) and name in self:
            self.moved(name, ref.removeprefix(HEADS), new)

    def _folder(self, name: str) -> Path:
        return self.root / f"{name}.git"

"""Names that a request may carry: repositories, branches, paths, people; nothing that leads elsewhere."""

from __future__ import annotations

import re

from tsalab.sandbox.control.json_service import ApiError

_REPOSITORY = re.compile(r"[\w.-]{1,100}", re.ASCII)
_BRANCH = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\]{1,256}")
_LONGEST_PATH = 4096
_FORBIDDEN = frozenset({"", ".", "..", ".git"})


def is_repository_name(name: str) -> bool:
    """Whether a repository can have the name, as AWS has it: no path, no ``.git`` at the end."""
    return bool(_REPOSITORY.fullmatch(name)) and name not in {".", ".."} and not name.endswith(".git")


def repository(name: str) -> str:
    """The name, if a repository can have it.

    Raises
    ------
    ApiError
        When not.
    """
    if not is_repository_name(name):
        raise ApiError(
            "InvalidRepositoryNameException",
            f"The repository name {name!r} is not valid: letters, digits, periods, underscores and dashes, "
            "at most 100 of them, not ending in .git.",
        )
    return name


def branch(name: str) -> str:
    """The name, if git allows it for a branch.

    Raises
    ------
    ApiError
        When not.
    """
    parts = name.split("/")
    if (
        not _BRANCH.fullmatch(name)
        or name.startswith("-")
        or name.endswith(".")
        or name == "HEAD"
        or any(bad in name for bad in ("..", "@{"))
        or any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
    ):
        raise ApiError("InvalidBranchNameException", f"The branch name {name!r} is not valid.")
    return name


def specifier(text: str) -> str:
    """The commit id, branch, tag or reference, if it is one plain name.

    Raises
    ------
    ApiError
        When not.
    """
    if not _BRANCH.fullmatch(text) or text.startswith("-") or any(bad in text for bad in ("..", "@{")):
        raise ApiError("InvalidCommitException", f"The commit specifier {text!r} is not valid.")
    return text


def path(name: str, *, root: bool = False) -> str:
    """The path, if it stays inside the repository.

    Parameters
    ----------
    name
        Path as the request has it.
    root
        Whether ``/`` (or nothing) is meant as the repository's root.

    Raises
    ------
    ApiError
        When it leads out, into git's own files, or nowhere.
    """
    trimmed = name.strip("/")
    if root and not trimmed:
        return ""
    parts = trimmed.split("/")
    if (
        len(name) > _LONGEST_PATH
        or "\0" in name
        or "\n" in name
        or any(p.lower() in _FORBIDDEN for p in parts)
    ):
        raise ApiError("InvalidPathException", f"The path {name!r} is not valid.")
    return trimmed


def person(name: str) -> str:
    """The author's name or address, if git can hold it.

    Raises
    ------
    ApiError
        When not.
    """
    if any(character in name for character in "<>\n\0"):
        raise ApiError("InvalidEmailException", f"The name or address {name!r} is not valid.")
    return name

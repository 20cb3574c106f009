"""CodeCommit's API: commits, files, folders, differences."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tsalab.sandbox.control.codecommit import names
from tsalab.sandbox.control.codecommit.changes import WORDS, Changes, Outcome
from tsalab.sandbox.control.codecommit.git import (
    FOLDER,
    SUBMODULE,
    SYMLINK,
    Author,
    Bare,
    Entry,
    GitError,
    Object,
)
from tsalab.sandbox.control.codecommit.repositories import Repositories
from tsalab.sandbox.control.json_service import Answer, ApiError, Operation

_ID = re.compile(r"[0-9a-f]{40}")
_LARGEST_FILE = 6 * 1024 * 1024  # what AWS returns or takes in one request
_PAGE = 1000


class Commits:
    """Operations on what the repositories hold.

    Parameters
    ----------
    repositories
        Where they are.
    """

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories
        self.operations: Mapping[str, Operation] = {
            "GetCommit": self._get_commit,
            "BatchGetCommits": self._batch_get_commits,
            "GetBlob": self._get_blob,
            "GetFile": self._get_file,
            "GetFolder": self._get_folder,
            "GetDifferences": self._get_differences,
            "CreateCommit": self._create_commit,
            "PutFile": self._put_file,
            "DeleteFile": self._delete_file,
        }

    def _git(self, request: Answer) -> Bare:
        return self._repositories.git(request["repositoryName"])

    def _get_commit(self, request: Answer) -> Answer:
        return {"commit": _shown(self._object(request, "commit"))}

    def _object(self, request: Answer, kind: str) -> Object:
        """The commit or blob whose id a request names."""
        wanted = request[f"{kind}Id"]
        if not _ID.fullmatch(wanted):
            raise ApiError(f"Invalid{kind.title()}IdException", f"{wanted} is not a full {kind} id")
        found = self._git(request).read(wanted)[0]
        if found is None or found.kind != kind:
            raise ApiError(f"{kind.title()}IdDoesNotExistException", f"{wanted} does not exist")
        return found

    def _batch_get_commits(self, request: Answer) -> Answer:
        wanted = [one for one in request["commitIds"] if _ID.fullmatch(one)]
        objects = self._git(request).read(*wanted)
        found = {one.oid: _shown(one) for one in objects if one is not None and one.kind == "commit"}
        return {
            "commits": [found[one] for one in wanted if one in found],
            "errors": [
                {
                    "commitId": one,
                    "errorCode": "CommitIdDoesNotExistException",
                    "errorMessage": f"{one} does not exist",
                }
                for one in request["commitIds"]
                if one not in found
            ],
        }

    def _get_blob(self, request: Answer) -> Answer:
        return {"content": _small(self._object(request, "blob").data)}

    def _get_file(self, request: Answer) -> Answer:
        path = names.path(request["filePath"])
        git = self._git(request)
        commit = _commit(git, request.get("commitSpecifier"))
        folder, _, name = path.rpartition("/")
        tree = git.tree(commit, folder)
        entry = next((one for one in tree[1] if one.path == name), None) if tree else None
        if entry is None or entry.mode not in WORDS:
            raise ApiError("FileDoesNotExistException", f"Could not find file {path} at commit {commit}")
        blob = git.read(entry.oid)[0]
        content = blob.data if blob else b""
        return {
            "commitId": commit,
            "blobId": entry.oid,
            "filePath": path,
            "fileMode": WORDS[entry.mode],
            "fileSize": len(content),
            "fileContent": _small(content),
        }

    def _get_folder(self, request: Answer) -> Answer:
        path = names.path(request["folderPath"], root=True)
        git = self._git(request)
        commit = _commit(git, request.get("commitSpecifier"))
        tree = git.tree(commit, path)
        if tree is None:
            raise ApiError("FolderDoesNotExistException", f"Could not find folder {path} at commit {commit}")
        answer: Answer = {
            "commitId": commit,
            "folderPath": path,
            "treeId": tree[0],
            "subFolders": [],
            "files": [],
            "symbolicLinks": [],
            "subModules": [],
        }
        for entry in tree[1]:
            kind, row = _listed(entry, path)
            answer[kind].append(row)
        return answer

    def _get_differences(self, request: Answer) -> Answer:
        git = self._git(request)
        after = _commit(git, request["afterCommitSpecifier"])
        given = request.get("beforeCommitSpecifier")
        before = _commit(git, given) if given else None
        limit = request.get("afterPath") or request.get("beforePath") or ""
        changes = git.differences(before, after, names.path(limit, root=True))
        rows = [_difference(change.before, change.after) for change in changes]
        page, token = _page(rows, request)
        return {"differences": page, **({"NextToken": token} if token else {})}

    def _create_commit(self, request: Answer) -> Answer:
        outcome = self._commit(request, request.get("authorName"), Changes.read(request))
        return {
            "commitId": outcome.commit,
            "treeId": outcome.tree,
            "filesAdded": outcome.added,
            "filesUpdated": outcome.updated,
            "filesDeleted": outcome.deleted,
        }

    def _put_file(self, request: Answer) -> Answer:
        put = {
            "filePath": request["filePath"],
            "fileContent": request["fileContent"],
            "fileMode": request.get("fileMode", "NORMAL"),
        }
        changes = Changes.read({"putFiles": [put]}, no_change="SameFileContentException")
        outcome = self._commit(request, request.get("name"), changes)
        row = (outcome.added or outcome.updated)[0]
        return {"commitId": outcome.commit, "blobId": row["blobId"], "treeId": outcome.tree}

    def _delete_file(self, request: Answer) -> Answer:
        changes = Changes.read({"deleteFiles": [{"filePath": request["filePath"]}]})
        outcome = self._commit(request, request.get("name"), changes)
        row = outcome.deleted[0]
        return {
            "commitId": outcome.commit,
            "blobId": row["blobId"],
            "treeId": outcome.tree,
            "filePath": row["absolutePath"],
        }

    def _commit(self, request: Answer, author: str | None, changes: Changes) -> Outcome:
        name, branch = request["repositoryName"], names.branch(request["branchName"])
        git = self._repositories.git(name)
        parent = _parent(git, branch, request.get("parentCommitId"))
        plan = changes.against(git.files(parent) if parent else {})
        who = Author(
            names.person(author or "unknown"), names.person(request.get("email") or ""), int(time.time())
        )
        message = request.get("commitMessage") or plan.summary
        try:
            commit = git.commit(branch, parent, who, message, plan.puts, plan.deletes)
        except GitError as error:
            raise ApiError(
                "ParentCommitIdOutdatedException", f"Branch {branch} moved meanwhile: {error}"
            ) from None
        made = git.read(commit)[0]
        tree = made.data.split(b"\n", 1)[0].split()[1].decode() if made else ""
        self._repositories.moved(name, branch, commit)
        return plan.outcome(commit, tree)


def _parent(git: Bare, branch: str, given: str | None) -> str | None:
    """Tip of the branch, which has to be what the request says; None in an empty repository."""
    branches = git.branches()
    tip = branches.get(branch)
    if tip is None:
        if branches:
            raise ApiError("BranchDoesNotExistException", f"Branch {branch} does not exist")
        if given:
            raise ApiError("ParentCommitDoesNotExistException", f"{given} does not exist")
        return None
    if not given:
        raise ApiError(
            "ParentCommitIdRequiredException", f"Branch {branch} exists: name its tip as the parent"
        )
    if given != tip:
        raise ApiError("ParentCommitIdOutdatedException", f"{given} is not the tip of {branch}, {tip} is")
    return tip


def _commit(git: Bare, specifier: str | None) -> str:
    """Commit that a request means; nothing said is the default branch."""
    commit = git.commit_id(names.specifier(specifier) if specifier else "HEAD")
    if commit is None:
        raise ApiError("CommitDoesNotExistException", f"{specifier or 'The default branch'} does not exist")
    return commit


def _small(content: bytes) -> bytes:
    if len(content) > _LARGEST_FILE:
        raise ApiError("FileTooLargeException", "The file has more than 6 MB; clone the repository instead.")
    return content


def _shown(found: Object) -> Answer:
    """A commit object as GetCommit shows it."""
    head, _, message = found.data.decode("utf-8", "replace").partition("\n\n")
    answer: Answer = {"commitId": found.oid, "parents": [], "message": message, "additionalData": ""}
    for line in head.split("\n"):
        word, _, rest = line.partition(" ")
        if word == "tree":
            answer["treeId"] = rest
        elif word == "parent":
            answer["parents"].append(rest)
        elif word in {"author", "committer"}:
            who, _, date = rest.partition("> ")
            name, _, email = who.partition(" <") if " <" in who else ("", "", who.lstrip("<"))
            answer[word] = {"name": name, "email": email, "date": date}
    return answer


def _listed(entry: Entry, folder: str) -> tuple[str, Answer]:
    row = {"absolutePath": f"{folder}/{entry.path}" if folder else entry.path, "relativePath": entry.path}
    if entry.mode == FOLDER:
        return "subFolders", {"treeId": entry.oid, **row}
    if entry.mode == SUBMODULE:
        return "subModules", {"commitId": entry.oid, **row}
    kind = "symbolicLinks" if entry.mode == SYMLINK else "files"
    return kind, {"blobId": entry.oid, "fileMode": WORDS.get(entry.mode, "NORMAL"), **row}


def _difference(before: Entry | None, after: Entry | None) -> Answer:
    row: Answer = {"changeType": "A" if before is None else "D" if after is None else "M"}
    for side, entry in (("beforeBlob", before), ("afterBlob", after)):
        if entry is not None:
            row[side] = {"blobId": entry.oid, "path": entry.path, "mode": entry.mode}
    return row


def _page(rows: Sequence[Answer], request: Answer) -> tuple[Sequence[Any], str]:
    """The part of the rows that a request asks for, and the token of the next one."""
    size = min(request.get("MaxResults") or _PAGE, _PAGE)
    given = request.get("NextToken") or "0"
    if not given.isdigit():
        raise ApiError("InvalidContinuationTokenException", f"{given} is not a token of an answer")
    start = int(given)
    return rows[start : start + size], str(start + size) if start + size < len(rows) else ""

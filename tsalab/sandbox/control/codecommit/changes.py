"""What a commit made through the API changes: read from the request, checked against the parent's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tsalab.sandbox.control.codecommit import names
from tsalab.sandbox.control.codecommit.git import EXECUTABLE, FILE, SYMLINK, Entry, Put
from tsalab.sandbox.control.json_service import Answer, ApiError

MODES = {"NORMAL": FILE, "EXECUTABLE": EXECUTABLE, "SYMLINK": SYMLINK}
WORDS = {mode: word for word, mode in MODES.items()}
_MOST_FILES = 100
_LARGEST_FILE = 6 * 1024 * 1024


@dataclass(frozen=True)
class Outcome:
    """A commit as the answers show it."""

    commit: str
    tree: str
    added: list[Answer]
    updated: list[Answer]
    deleted: list[Answer]


@dataclass
class Plan:
    """The changes, ready for git."""

    before: Mapping[str, Entry]
    puts: list[Put] = field(default_factory=list)
    deletes: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """What AWS writes when the request brings no message."""
        lines = [f"{'Edited' if put.path in self.before else 'Added'} {put.path}" for put in self.puts]
        return "\n".join([*lines, *(f"Deleted {path}" for path in self.deletes)])

    def outcome(self, commit: str, tree: str) -> Outcome:
        """The commit that came of it."""
        rows = [_row(put.path, put.blob, put.mode) for put in self.puts]
        gone = [self.before[path] for path in self.deletes]
        return Outcome(
            commit,
            tree,
            added=[row for row in rows if row["absolutePath"] not in self.before],
            updated=[row for row in rows if row["absolutePath"] in self.before],
            deleted=[_row(entry.path, entry.oid, entry.mode) for entry in gone],
        )


@dataclass(frozen=True)
class Changes:
    """A request's files to put, to delete and to change the mode of."""

    puts: list[Answer]
    deletes: list[str]
    modes: dict[str, str]
    no_change: str

    @classmethod
    def read(cls, request: Answer, *, no_change: str = "NoChangeException") -> Changes:
        """Read a request's lists.

        Raises
        ------
        ApiError
            When a path is wrong or named twice, or nothing is asked for.
        """
        puts = [{**put, "filePath": names.path(put["filePath"])} for put in request.get("putFiles") or []]
        deletes = [names.path(row["filePath"]) for row in request.get("deleteFiles") or []]
        modes = {names.path(row["filePath"]): row["fileMode"] for row in request.get("setFileModes") or []}
        every = [*(put["filePath"] for put in puts), *deletes, *modes]
        if not every:
            raise ApiError("FileEntryRequiredException", "A commit needs at least one file to change")
        if len(every) > _MOST_FILES:
            raise ApiError("MaximumFileEntriesExceededException", "A commit changes at most 100 files")
        if len(set(every)) != len(every):
            raise ApiError("SamePathRequestException", "A file is named more than once")
        return cls(puts, deletes, modes, no_change)

    def against(self, before: Mapping[str, Entry]) -> Plan:
        """The changes to the files that are there.

        Raises
        ------
        ApiError
            When a file is missing, or nothing would change.
        """
        plan = Plan(before)
        for path in self.deletes:
            _there(before, path)
            plan.deletes.append(path)
        for put in self.puts:
            self._put(plan, put)
        for path, word in self.modes.items():
            plan.puts.append(Put(path, _mode(word), oid=_there(before, path).oid))
        plan.puts = [put for put in plan.puts if _differs(put, before.get(put.path))]
        if not plan.puts and not plan.deletes:
            raise ApiError(self.no_change, "The commit would change nothing")
        _no_conflict(plan)
        return plan

    @staticmethod
    def _put(plan: Plan, put: Answer) -> None:
        content, source = put.get("fileContent"), put.get("sourceFile")
        if (content is None) == (source is None):
            code = (
                "SourceFileOrContentRequiredException"
                if content is None
                else "FileContentAndSourceFileSpecifiedException"
            )
            raise ApiError(code, f"{put['filePath']} needs either content or a source file")
        if source is None:
            if len(content or b"") > _LARGEST_FILE:
                raise ApiError(
                    "FileContentSizeLimitExceededException",
                    f"{put['filePath']} has more than 6 MB; push it instead",
                )
            plan.puts.append(Put(put["filePath"], _mode(put.get("fileMode", "NORMAL")), content))
            return
        entry = _there(plan.before, names.path(source["filePath"]))
        mode = _mode(put["fileMode"]) if "fileMode" in put else entry.mode
        plan.puts.append(Put(put["filePath"], mode, oid=entry.oid))
        if source.get("isMove"):
            plan.deletes.append(entry.path)


def _there(before: Mapping[str, Entry], path: str) -> Entry:
    if path not in before:
        raise ApiError("FileDoesNotExistException", f"{path} does not exist")
    return before[path]


def _mode(word: str) -> str:
    if word not in MODES:
        raise ApiError("InvalidFileModeException", f"{word} is not a file mode: {', '.join(MODES)}")
    return MODES[word]


def _differs(put: Put, old: Entry | None) -> bool:
    return old is None or (old.oid, old.mode) != (put.blob, put.mode)


def _no_conflict(plan: Plan) -> None:
    """No path may be a file and a folder at once; git would silently drop one of them."""
    kept = (set(plan.before) - set(plan.deletes)) | {put.path for put in plan.puts}
    folders = {path[:at] for path in kept for at, c in enumerate(path) if c == "/"}
    for put in plan.puts:
        if put.path in folders:
            raise ApiError("FileNameConflictsWithDirectoryNameException", f"{put.path} is a folder")
        parts = put.path.split("/")
        above = next((p for n in range(1, len(parts)) if (p := "/".join(parts[:n])) in kept), None)
        if above:
            raise ApiError("DirectoryNameConflictsWithFileNameException", f"{above} is a file")


def _row(path: str, oid: str, mode: str) -> Answer:
    return {"absolutePath": path, "blobId": oid, "fileMode": WORDS.get(mode, "NORMAL")}

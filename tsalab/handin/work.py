"""What is in ``work.zip``, and how it is read by somebody who does not trust whoever made it.

The archive has three members of fixed names. They are read in memory and bounded; nothing is
unpacked, and nothing of them is run here.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tsalab.messages import say

NAME = "work.zip"
LARGEST = 64 * 1024 * 1024
_FACTS, _TEMPLATE, _APP = "work.json", "infra.yml", "app.bundle"
# Bytes of each member at most: CloudFormation takes no larger template, and the app is a few files.
_LIMITS = {_FACTS: 1_000_000, _TEMPLATE: 1_000_000, _APP: 32 * 1024 * 1024}
_SCHEMA = 1
_TROUBLES = (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TABLE = re.compile(r"\w{1,64}")


class WorkError(ValueError):
    """The work cannot be used; its text says why, for whoever it is told to."""


@dataclass(frozen=True)
class Table:
    """What a moved table held: rows, and the digest of their content in 64 hexadecimal digits."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Work:
    """A learner's work.

    Parameters
    ----------
    learner, run
        Who did it, and the nonce of the run.
    template
        ``infra.yml`` as it was uploaded; empty when there was none.
    commit
        Id of the app's newest commit; empty when there was none.
    app
        A git bundle with that commit and its history.
    tables
        What Aurora held when the data had been moved, by table.
    """

    learner: str
    run: str
    template: str = field(repr=False)
    commit: str
    app: bytes = field(repr=False)
    tables: Mapping[str, Table] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The archive: the same bytes for the same work."""
        facts = {
            "schema": _SCHEMA,
            "learner": self.learner,
            "run": self.run,
            "commit": self.commit,
            "sha256": {name: _sha256(data) for name, data in self._members()},
            "tables": {name: {"rows": one.rows, "digest": one.digest} for name, one in self.tables.items()},
        }
        text = json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in ((_FACTS, text.encode()), *self._members()):
                member = zipfile.ZipInfo(name)
                member.compress_type = zipfile.ZIP_DEFLATED
                member.external_attr = 0o644 << 16
                archive.writestr(member, data)
        return buffer.getvalue()

    def _members(self) -> tuple[tuple[str, bytes], ...]:
        return (_TEMPLATE, self.template.encode()), (_APP, self.app)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read(data: bytes) -> Work:
    """Read an archive that somebody handed in.

    Raises
    ------
    WorkError
        When it is not of the form that `Work.to_bytes` writes, or does not fit itself.
    """
    try:
        members = _members(data)
        facts = json.loads(members[_FACTS])
        return _work(facts, members)
    except WorkError:
        raise
    except (*_TROUBLES, KeyError, TypeError, AttributeError) as error:
        raise WorkError(say("handin.malformed", cause=str(error) or type(error).__name__)) from error


def _members(data: bytes) -> dict[str, bytes]:
    if len(data) > LARGEST:
        raise WorkError(say("handin.large", name=NAME, megabytes=LARGEST // 1024**2))
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            name = member.filename
            if name not in _LIMITS or name in found:
                raise WorkError(say("handin.stranger", name=name))
            if stat.S_ISLNK(member.external_attr >> 16):
                raise WorkError(say("handin.link", name=name))
            with archive.open(member) as file:
                found[name] = file.read(_LIMITS[name] + 1)
            if len(found[name]) > _LIMITS[name]:
                raise WorkError(say("handin.large", name=name, megabytes=_LIMITS[name] // 10**6))
    for name in _LIMITS:
        if name not in found:
            raise WorkError(say("handin.missing", name=name))
    return found


def _work(facts: Any, members: Mapping[str, bytes]) -> Work:
    if not isinstance(facts, dict) or facts.get("schema") != _SCHEMA:
        raise WorkError(say("handin.schema", schema=_SCHEMA))
    for name in (_TEMPLATE, _APP):
        if facts["sha256"].get(name) != _sha256(members[name]):
            raise WorkError(say("handin.changed", name=name))
    commit = facts["commit"]
    if not isinstance(commit, str) or not (commit == "" or _COMMIT.fullmatch(commit)):
        raise WorkError(say("handin.wrong", name="commit"))
    tables = {name: _table(name, value) for name, value in facts["tables"].items()}
    learner, run = facts["learner"], facts["run"]
    if not isinstance(learner, str) or not isinstance(run, str):
        raise WorkError(say("handin.wrong", name="learner"))
    return Work(learner, run, members[_TEMPLATE].decode(), commit, members[_APP], tables)


def _table(name: str, value: Any) -> Table:
    rows, digest = value["rows"], value["digest"]
    fits = isinstance(rows, int) and not isinstance(rows, bool) and rows >= 0 and isinstance(digest, str)
    if not fits or not _TABLE.fullmatch(name) or not _DIGEST.fullmatch(digest):
        raise WorkError(say("handin.wrong", name="tables"))
    return Table(rows, digest)

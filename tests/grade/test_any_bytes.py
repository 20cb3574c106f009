"""Any bytes handed in give a verdict, never a traceback, and every export takes it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.grade import genuine
from tests.grade.exported import hold_exports
from tests.mutations import mutated
from tsalab.errors import GradeError, RecordError
from tsalab.grade import Verdict, grade, read_rubric
from tsalab.records import canonical
from tsalab.records.notebook import MIMETYPE

QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
HOW: dict[str, Any] = {"deadline": None, "suppress_health_check": QUIET}
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


# Of the form that records have, and not all of them in a calendar.
DAY, TIME = r"[0-9]{4}-[01][0-9]-[0-3][0-9]", r"[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}"
MOMENTS = st.from_regex(f"{DAY}T{TIME}Z", fullmatch=True)


def judge(folder: Path, data: bytes) -> None:
    path = folder / "lab4.ipynb"
    path.write_bytes(data)
    verdicts = list(grade([path], read_rubric()))
    assert len(verdicts) == 1
    hold(verdicts, folder)


def hold(verdicts: Sequence[Verdict], folder: Path) -> None:
    for verdict in verdicts:
        assert len(verdict.marks) == 30
        assert all(mark.reasons for mark in verdict.marks)
        assert verdict.unreadable or verdict.points <= verdict.possible
    hold_exports(verdicts, folder / "exports")


def rehash(data: dict[str, Any]) -> None:
    """Make the hash fit what a record now says, as somebody would who wants to be believed."""
    body = {key: value for key, value in data.items() if key != "hash"}
    with contextlib.suppress(RecordError):  # no JSON any more: then there is no such hash
        data["hash"] = hashlib.sha256(canonical(body)).hexdigest()


def spoiled(draw: Any, book: genuine.Notebook) -> bytes:
    """A genuine notebook with a few values replaced by others, anywhere."""
    other = json.loads(json.dumps(book))
    for _ in range(draw(st.integers(1, 3))):
        step = draw(st.integers(1, 30))
        place: Any = draw(
            st.sampled_from(
                [
                    genuine.record(other, step) if _has_record(other, step) else other,
                    genuine.cell(other, f"step-{step}") if _has_cell(other, step) else other,
                    other,
                ]
            )
        )
        keys = sorted(place)
        if keys:
            place[draw(st.sampled_from(keys))] = draw(VALUES | MOMENTS)
            if "hash" in place and draw(st.booleans()):
                rehash(place)
    return json.dumps(other).encode("utf-8", "surrogatepass")


def _has_cell(book: Any, step: int) -> bool:
    cells = book.get("cells") if isinstance(book, dict) else None
    return isinstance(cells, list) and any(
        isinstance(one, dict) and one.get("id") == f"step-{step}" for one in cells
    )


def _has_record(book: Any, step: int) -> bool:
    if not _has_cell(book, step):
        return False
    try:
        return isinstance(genuine.cell(book, f"step-{step}")["outputs"][0]["data"][MIMETYPE], dict)
    except (KeyError, IndexError, TypeError):
        return False


# What means something in a notebook's JSON.
TOKENS = (
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b",",
        b":",
        b"\\",
        b"\\ud800",
        b"\\u0000",
        b"null",
        b"true",
        b"-1",
        b"1e999",
    ),
    *(
        b"NaN",
        b'"cells"',
        b'"outputs":[]',
        b'"data"',
        b'"id"',
        b'"step-9"',
        b'"run"',
        b'"learner"',
        b'"step"',
    ),
    *(b'"status":"passed"', b'"nbformat":4', b"\xff", b"\x00", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\n"),
)
MEMBERS = st.sampled_from(
    [
        "lab4.ipynb",
        "a/lab4.ipynb",
        "../x.ipynb",
        "a\\b.ipynb",
        "journal.jsonl",
        "a/journal.jsonl",
        "x.zip",
        ".ipynb",
    ]
)


def zipped(draw: Any, whole: bytes) -> bytes:
    """A zip of some files, and of some that are none; often torn."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for _ in range(draw(st.integers(0, 3))):
            name = draw(MEMBERS | st.text(max_size=8).map(lambda text: f"{text}.ipynb"))
            member = zipfile.ZipInfo(
                name.replace("\0", "").encode("utf-8", "replace").decode("utf-8") or "x.ipynb"
            )
            member.compress_type = draw(
                st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
            )
            member.external_attr = draw(st.sampled_from([0, 0o120777 << 16, 0x10]))
            with contextlib.suppress(UserWarning):  # a name twice, which is what such archives have
                archive.writestr(member, draw(st.sampled_from([whole, b"", b"{}"]) | st.binary(max_size=40)))
    return draw(
        st.just(made.getvalue()) | mutated(made.getvalue(), (b"PK\x01\x02", b"PK\x05\x06", b"\xff\xff"))
    )


def judge_archive(folder: Path, data: bytes) -> None:
    path = folder / "in.zip"
    path.write_bytes(data)
    try:
        verdicts = list(grade([path], read_rubric()))
    except GradeError:  # no notebook in it: a named error, which ends nobody else's grading
        return
    hold(verdicts, folder)


def tarred(whole: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        member = tarfile.TarInfo("lab4.ipynb")
        member.size = len(whole)
        archive.addfile(member, io.BytesIO(whole))
    return made.getvalue()


Property = Callable[[Path, genuine.Notebook, int], None]


def random_bytes(folder: Path, book: genuine.Notebook, examples: int) -> None:
    @settings(max_examples=examples, **HOW)
    @given(data=st.binary(max_size=300))
    def held(data: bytes) -> None:
        judge(folder, data)

    held()


def other_values(folder: Path, book: genuine.Notebook, examples: int) -> None:
    @settings(max_examples=examples, **HOW)
    @given(data=st.data())
    def held(data: Any) -> None:
        judge(folder, spoiled(data.draw, book))

    held()


def other_bytes(folder: Path, book: genuine.Notebook, examples: int) -> None:
    @settings(max_examples=examples, **HOW)
    @given(data=mutated(json.dumps(book).encode(), TOKENS))
    def held(data: bytes) -> None:
        judge(folder, data)

    held()


def archives(folder: Path, book: genuine.Notebook, examples: int) -> None:
    whole = json.dumps(book).encode()

    @settings(max_examples=examples, **HOW)
    @given(data=st.data())
    def held(data: Any) -> None:
        judge_archive(folder, zipped(data.draw, whole))

    held()


def tars(folder: Path, book: genuine.Notebook, examples: int) -> None:
    """An archive of another kind is none that is read: named as such, whatever its name."""
    whole = tarred(json.dumps(book).encode())

    @settings(max_examples=examples, **HOW)
    @given(data=st.just(whole) | mutated(whole), name=st.sampled_from(["in.zip", "lab4.ipynb"]))
    def held(data: bytes, name: str) -> None:
        (folder / name).write_bytes(data)
        (verdict,) = grade([folder / name], read_rubric())
        assert verdict.unreadable
        hold([verdict], folder)

    held()


PROPERTIES = [random_bytes, other_values, other_bytes, archives, tars]


@pytest.mark.parametrize("held", PROPERTIES)
def test_any_bytes(tmp_path: Path, book: genuine.Notebook, held: Property) -> None:
    held(tmp_path, book, 200 if held is random_bytes else 100 if held is other_values else 40)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("held", PROPERTIES)
def test_ten_thousand_of_any_bytes(tmp_path: Path, book: genuine.Notebook, held: Property) -> None:
    held(tmp_path, book, 10_000)

"""Any bytes handed in give a verdict, never a traceback."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.grade import genuine
from tsalab.errors import RecordError
from tsalab.grade import grade, read_rubric
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
    (verdict,) = grade([path], read_rubric())
    assert len(verdict.marks) == 30
    assert all(mark.reasons for mark in verdict.marks)
    assert verdict.unreadable or verdict.points <= verdict.possible


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


def test_any_bytes(tmp_path: Path) -> None:
    @settings(max_examples=200, **HOW)
    @given(data=st.binary(max_size=300))
    def hold(data: bytes) -> None:
        judge(tmp_path, data)

    hold()


def hold_spoiled(folder: Path, book: genuine.Notebook, examples: int) -> None:
    @settings(max_examples=examples, **HOW)
    @given(data=st.data())
    def hold(data: Any) -> None:
        judge(folder, spoiled(data.draw, book))

    hold()


def test_a_spoiled_notebook(tmp_path: Path, book: genuine.Notebook) -> None:
    hold_spoiled(tmp_path, book, 100)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_spoiled_notebooks(tmp_path: Path, book: genuine.Notebook) -> None:
    hold_spoiled(tmp_path, book, 10_000)

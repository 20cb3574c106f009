"""What is made to harm or to be read in two ways: named, never executed, and nobody else's loss."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path

import pytest

from tests.grade import genuine
from tests.grade.genuine import Notebook, cell, changed, record
from tests.grade.test_forgeries import Judge, zipped
from tsalab.grade import grade, read_rubric
from tsalab.records.notebook import MIMETYPE


@pytest.mark.parametrize(
    ("genuinely", "forged"),
    [
        ('"status": "passed"', '"status": "failed", "status": "passed"'),
        ('"cells": [', '"cells": [], "cells": ['),
        ('"nbformat": 4', '"nbformat": 3, "nbformat": 4'),
    ],
    ids=("record", "cells", "format"),
)
def test_a_name_twice_in_one_object(book: Notebook, tmp_path: Path, genuinely: str, forged: str) -> None:
    """Some programs take the first of two, some the last: what is seen need not be what is graded."""
    text = json.dumps(book)
    path = tmp_path / "lab4.ipynb"
    path.write_text(text.replace(genuinely, forged, 1))
    (verdict,) = grade([path], read_rubric())
    assert "A name stands twice in one object of the notebook's JSON" in verdict.doubts[0]
    assert (verdict.points, verdict.tier) == (0, 0)


class Bomb:
    """What executes a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.mark,)


def test_a_pickle_anywhere_is_never_loaded(book: Notebook, tmp_path: Path) -> None:
    mark = tmp_path / "exploded"
    bomb = pickle.dumps(Bomb(mark))
    pickle.loads(bomb)  # noqa: S301 - it is one
    assert mark.exists()
    mark.unlink()

    def hide(book: Notebook) -> None:
        text = base64.b64encode(bomb).decode()
        book["metadata"]["widgets"] = {"application/x-python-pickle": text}
        cell(book, "step-9")["outputs"][0]["data"]["application/x-python-pickle"] = text
        cell(book, "step-9")["outputs"].append({"output_type": "pickle", "data": {MIMETYPE: text}})

    paths = [genuine.written(tmp_path / "in", changed(book, hide))]
    paths[0].with_name("journal.jsonl").write_bytes(bomb)
    (tmp_path / "b.ipynb").write_bytes(bomb)
    archive = zipped(tmp_path / "c.zip", {"lab4.ipynb": bomb, "journal.jsonl": bomb, "x.pkl": bomb})
    hidden, whole, member = grade([*paths, tmp_path / "b.ipynb", archive], read_rubric())
    assert not mark.exists()
    assert hidden.points <= 37
    assert any("not of the form" in words for words in hidden.doubts)
    assert any("journal's chain breaks at line 1" in words for words in hidden.doubts)
    assert "UTF-8" in whole.unreadable
    assert "UTF-8" in member.unreadable


def test_an_output_of_100_megabytes_in_a_notebook(book: Notebook, tmp_path: Path) -> None:
    def flood(book: Notebook) -> None:
        cell(book, "step-9")["outputs"].append(
            {"output_type": "stream", "name": "stdout", "text": "x" * 100 * 1024 * 1024}
        )

    bad = genuine.written(tmp_path / "a", changed(book, flood))
    good, _ = genuine.notebook("Bob", "b" * 32)
    first, second = grade([bad, genuine.written(tmp_path / "b", good)], read_rubric())
    assert "larger than 64 MB" in first.unreadable
    assert second.points == second.possible


@pytest.mark.parametrize("depth", [50, 200, 400, 900, 100_000])
def test_deep_json_in_a_record_or_beside_it(book: Notebook, tmp_path: Path, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    text = json.dumps(changed(book, lambda one: record(one, 9)["facts"].update(deep="DEEP")))
    beside = json.dumps(changed(book, lambda one: one["metadata"].update(deep="DEEP")))
    good, _ = genuine.notebook("Bob", "b" * 32)
    paths = [genuine.written(tmp_path / name, book) for name in "ab"]
    for path, content in zip(paths, (text, beside), strict=True):
        path.write_text(content.replace('"DEEP"', deep))
    inside, outside, other = grade([*paths, genuine.written(tmp_path / "c", good)], read_rubric())
    assert inside.marks[8].points == 0
    assert outside.points == outside.possible or "nested too deeply" in outside.unreadable
    assert other.points == other.possible


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_are_none(book: Notebook, tmp_path: Path, number: str) -> None:
    text = json.dumps(changed(book, lambda one: record(one, 9).update(seconds="NUMBER")))
    path = genuine.written(tmp_path / "a", book)
    path.write_text(text.replace('"NUMBER"', number))
    good, _ = genuine.notebook("Bob", "b" * 32)
    first, second = grade([path, genuine.written(tmp_path / "b", good)], read_rubric())
    assert first.marks[8].points == 0
    assert first.unreadable or first.doubts
    assert second.points == second.possible


def test_half_a_surrogate_pair_anywhere(book: Notebook, tmp_path: Path, judged: Judge) -> None:
    def halve(book: Notebook) -> None:
        book["metadata"]["\ud800"] = "\udfff"
        cell(book, "step-9")["id"] = "step-9\ud800"
        record(book, 10)["learner"] = "Ada\udc00"
        cell(book, "step-11")["source"] = "\ud83d"

    verdict = judged(changed(book, halve))
    assert verdict.points <= 27
    assert any("cell is missing (step-9)" in words for words in verdict.doubts)
    assert any("record was altered" in words for words in verdict.doubts)


def test_bytes_that_only_look_like_utf_8(book: Notebook, tmp_path: Path) -> None:
    path = genuine.written(tmp_path, book)
    for data in (path.read_text().encode("utf-16"), path.read_bytes().replace(b"Ada", b"\xed\xa0\x80")):
        path.write_bytes(data)
        (verdict,) = grade([path], read_rubric())
        assert verdict.unreadable


def test_a_name_twice_in_the_journal(book: Notebook, judged: Judge) -> None:
    _, journal = genuine.notebook()
    first, rest = journal.split(b"\n", 1)
    forged = first.replace(b'"status":"passed"', b'"status":"failed","status":"passed"')
    assert forged != first
    told = judged(book, journal=forged + b"\n" + rest).doubts
    assert any("journal's chain breaks at line 1" in words for words in told)

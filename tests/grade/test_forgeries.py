"""Forgeries, each made from a genuine run: caught or capped at the tier they deserve, and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.grade import genuine
from tests.grade.genuine import Notebook, cell, changed, record, rehashed
from tsalab.grade import Verdict, grade, read_rubric
from tsalab.records.notebook import MIMETYPE

Judge = Callable[..., Verdict]


def test_a_genuine_run_has_every_point_and_no_doubt(book: Notebook, judged: Judge) -> None:
    verdict = judged(book)
    assert (verdict.learner, verdict.points, verdict.tier, verdict.doubts) == ("Ada", 30, 1, ())
    assert all(mark.reasons[0].startswith("Passed: what step") for mark in verdict.marks)


def edit_text(book: Notebook) -> None:
    data = cell(book, "step-9")["outputs"][0]["data"]
    data["text/plain"] = data["text/plain"].replace("what step 9 is about is there", "all is very well")


def edit_record(book: Notebook) -> None:
    record(book, 9)["saw"] = "what was never there"


def edit_and_rehash(book: Notebook) -> None:
    data = rehashed(record(book, 9), saw="what was never there")
    cell(book, "step-9")["outputs"][0]["data"].update({MIMETYPE: data, "text/plain": data["saw"]})


def of_another_learner(book: Notebook) -> None:
    other, _ = genuine.notebook("Bob", "b" * 32)
    cell(book, "step-9")["outputs"] = cell(other, "step-9")["outputs"]


def of_another_learner_renamed(book: Notebook) -> None:
    other, _ = genuine.notebook("Bob", "b" * 32)
    data = rehashed(record(other, 9), learner="Ada", run="a" * 32)
    cell(book, "step-9")["outputs"][0]["data"][MIMETYPE] = data


def of_an_older_run(book: Notebook) -> None:
    older, _ = genuine.notebook("Ada", "c" * 32, genuine.BEGAN - timedelta(days=30))
    cell(book, "step-9")["outputs"] = cell(older, "step-9")["outputs"]


def swap_records(book: Notebook) -> None:
    one, two = cell(book, "step-9"), cell(book, "step-10")
    one["outputs"], two["outputs"] = two["outputs"], one["outputs"]


def remove_cell(book: Notebook) -> None:
    book["cells"].remove(cell(book, "step-9"))


def double_cell(book: Notebook) -> None:
    book["cells"].append(json.loads(json.dumps(cell(book, "step-9"))))


def rename_cell(book: Notebook) -> None:
    cell(book, "step-9")["id"] = "my-own-cell"


def swap_cells(book: Notebook) -> None:
    at = book["cells"].index(cell(book, "step-9"))
    book["cells"][at], book["cells"][at - 2] = book["cells"][at - 2], book["cells"][at]


def print_success(book: Notebook) -> None:
    one = cell(book, "step-9")
    one["source"] = "print('Step 9 passed')"
    one["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "Step 9 passed"}]


def edit_source(book: Notebook) -> None:
    cell(book, "step-9")["source"] = "lab.pipeline.wait() or print('passed')"


def timed_out(book: Notebook) -> None:
    one = cell(book, "step-9")
    one["outputs"] = []
    one["metadata"]["papermill"] = {"status": "completed", "exception": False, "duration": 1800.0}


def move_clock(book: Notebook) -> None:
    data = record(book, 9)
    back = (genuine.BEGAN - timedelta(days=3)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    cell(book, "step-9")["outputs"][0]["data"][MIMETYPE] = rehashed(data, started=back, ended=back, seconds=0)


def other_account(book: Notebook) -> None:
    data = record(book, 30)
    facts = data["facts"] | {"account": "999988887777"}
    cell(book, "step-30")["outputs"][0]["data"][MIMETYPE] = rehashed(data, facts=facts)


def failed_made_passed(book: Notebook) -> None:
    record(book, 9)["status"] = "passed "  # no status of ours


@pytest.mark.parametrize(
    ("forge", "named", "points"),
    [
        (edit_text, "does not say what the record says", 29),
        (edit_record, "The record was altered", 0),
        (edit_and_rehash, "The chain of records has gaps", 0),
        (of_another_learner, "somebody else's: Bob", 0),
        (of_another_learner_renamed, "The chain of records", 0),
        (of_an_older_run, "of another run", 0),
        (swap_records, "stands in a cell of another step", 28),
        (remove_cell, "The cell is missing (step-9)", 0),
        (double_cell, "there more than once (step-9)", 29),
        (rename_cell, "The cell is missing (step-9)", 29),
        (swap_cells, "not in the shipped order", 0),
        (print_success, "not as shipped (step-9)", 0),
        (edit_source, "not as shipped (step-9)", 29),
        (timed_out, "There is no record, whatever the cell's own marks say", 0),
        (move_clock, "times contradict", 0),
        (other_account, "more than one account", 0),
        (failed_made_passed, "not of the form that the lab writes", 0),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_forgery_is_named_and_gets_what_it_deserves(
    book: Notebook, judged: Judge, forge: genuine.Change, named: str, points: float
) -> None:
    verdict = judged(changed(book, forge))
    told = [*verdict.doubts, *(reason for mark in verdict.marks for reason in mark.reasons)]
    assert any(named in words for words in told), told
    assert verdict.points == points
    assert (verdict.marks[8].points, verdict.marks[8].tier) == (0, 0)
    assert all(mark.tier == 0 for mark in verdict.marks if not mark.points)


def test_a_chain_made_anew_is_of_tier_1_at_most(book: Notebook, judged: Judge) -> None:
    """Who rewrites the whole chain gets what a notebook alone can give: a signed ledger would tell."""
    forged, _ = genuine.notebook("Ada", "a" * 32)
    assert judged(forged).tier == 1
    capped = judged(forged, "points: 1\nsteps: {}\nevidence: 2\n")
    assert capped.points == 0
    assert "The evidence is of tier 1; the rubric gives points from tier 2 on." in capped.marks[0].reasons


def test_a_run_of_last_year(judged: Judge) -> None:
    old, _ = genuine.notebook(began=genuine.BEGAN - timedelta(days=365))
    verdict = judged(old, "points: 1\nsteps: {}\nopens: 2026-11-01T00:00:00Z\n")
    assert verdict.points == 0
    assert "before the lab was opened" in verdict.marks[0].reasons[-1]


def test_a_hand_written_notebook(book: Notebook, judged: Judge) -> None:
    def write(book: Notebook) -> None:
        for one in book["cells"]:
            for row in one.get("outputs", []):
                row["data"] = {"text/plain": "Step passed", "text/html": "<b>passed</b>"}

    verdict = judged(changed(book, write))
    assert verdict.points == 0
    assert all("There is no record" in mark.reasons[0] for mark in verdict.marks)


def test_cells_run_again_need_the_journal(book: Notebook, judged: Judge) -> None:
    """A learner who ran a cell again lost its first record in the notebook; the journal has it."""
    whole, journal = genuine.notebook()
    gone = changed(whole, lambda one: cell(one, "step-9").update(outputs=[]))
    alone = judged(gone)
    assert (alone.points, alone.tier) == (0, 0)
    assert any("journal.jsonl" in words for words in alone.doubts)
    complete = judged(gone, journal=journal)
    assert (complete.points, complete.tier) == (29, 1)
    broken = journal.replace(b"what step 4 ", b"what step 5 ")
    assert any("breaks at line 4" in words for words in judged(gone, journal=broken).doubts)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x80\x04\x95", "UTF-8"),  # a pickle's first bytes
        (b"[" * 200_000, "nested too deeply"),
        (b'{"nbformat": 4, "cells": NaN}', "NaN"),
        (b'{"nbformat": 3, "worksheets": []}', "nbformat 4"),
        (b"", "Expecting value"),
        (b'{"nbformat": 4, "cells": 7}', "nbformat 4"),
    ],
    ids=("pickle", "deep", "nan", "old", "empty", "no-cells"),
)
def test_what_cannot_be_read_ends_nobody_elses_grading(
    book: Notebook, tmp_path: Path, data: bytes, why: str
) -> None:
    bad = tmp_path / "a.ipynb"
    bad.write_bytes(data)
    first, second = grade([bad, genuine.written(tmp_path / "b", book)], read_rubric())
    assert why in first.unreadable
    assert first.points == 0
    assert second.points == second.possible


def test_an_output_of_100_megabytes_is_not_read(tmp_path: Path, book: Notebook) -> None:
    bad = tmp_path / "a.ipynb"
    with bad.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    first, second = grade([bad, genuine.written(tmp_path / "b", book)], read_rubric())
    assert "larger than 64 MB" in first.unreadable
    assert second.points == second.possible


def test_strange_values_where_cells_should_be(book: Notebook, judged: Judge) -> None:
    def spoil(book: Notebook) -> None:
        book["cells"] += [7, None, {"cell_type": "code"}, {"cell_type": "code", "outputs": 3, "id": []}]
        book["cells"].append(
            {"cell_type": "code", "id": "x", "outputs": [None, {"data": []}, {"data": {MIMETYPE: 5}}]}
        )
        record(book, 4)["saw"] = "\ud800"
        record(book, 5)["facts"] = {"deep": [[[[]]]] * 3, "step": {}}

    verdict = judged(changed(book, spoil))
    assert verdict.points <= 28
    assert any("not of the form" in words for words in verdict.doubts)


def zipped(path: Path, files: dict[str, bytes], **more: Any) -> Path:
    import zipfile

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_zip_is_read_in_place_and_names_that_leave_it_are_refused(book: Notebook, tmp_path: Path) -> None:
    whole = json.dumps(book).encode()
    files = {
        "Ada/lab4.ipynb": whole,
        "../../out.ipynb": whole,
        "/etc/lab.ipynb": whole,
        "C:\\lab.ipynb": whole,
    }
    archive = zipped(tmp_path / "in.zip", files | {"notes.txt": b"x"})
    found = {verdict.name.rpartition("!")[2]: verdict for verdict in grade([archive], read_rubric())}
    assert found["Ada/lab4.ipynb"].points == found["Ada/lab4.ipynb"].possible
    for name in files:
        if name != "Ada/lab4.ipynb":
            assert "leave its folder" in found[name].unreadable
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zip"]


def test_a_bomb_does_not_go_off(tmp_path: Path) -> None:
    bomb = zipped(tmp_path / "in.zip", {"lab4.ipynb": b" " * (80 * 1024 * 1024)})
    assert bomb.stat().st_size < 200_000
    (verdict,) = grade([bomb], read_rubric())
    assert "larger than 64 MB" in verdict.unreadable


@pytest.mark.parametrize(
    "fields",
    [
        {"started": "2026-13-45T09:00:00.000Z"},
        {"started": "0001-01-01T00:00:00.000Z", "ended": "0001-01-01T00:00:05.000Z"},
        {"ended": "9999-12-31T23:59:59.999Z"},
        {"seconds": 9007199254740991},
        {"facts": {"account": "111122223333", "region": ["us-west-2"]}},
        {"facts": {"account": {}, "region": None}},
    ],
    ids=str,
)
def test_an_impossible_record_with_a_hash_that_fits_ends_nobody_elses_grading(
    book: Notebook, tmp_path: Path, fields: dict[str, Any]
) -> None:
    bad = changed(book, lambda one: record(one, 30).update(genuine.rehashed(record(one, 30), **fields)))
    good, _ = genuine.notebook("Bob", "b" * 32)
    paths = [genuine.written(tmp_path / "a", bad), genuine.written(tmp_path / "b", good)]
    first, second = grade(paths, read_rubric())
    assert first.marks[29].points == 0
    assert first.doubts
    assert second.points == second.possible


def test_a_torn_archive_ends_nobody_elses_grading(book: Notebook, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"lab4.ipynb": json.dumps(book).encode()})
    data = bytearray(archive.read_bytes())
    data[200:400] = bytes(200)  # in the middle of what was compressed
    archive.write_bytes(data)
    first, second = grade([archive, genuine.written(tmp_path / "b", book)], read_rubric())
    assert first.unreadable
    assert second.points == second.possible


def test_a_journal_without_end_is_not_read(book: Notebook, tmp_path: Path) -> None:
    path = genuine.written(tmp_path / "a", book)
    with path.with_name("journal.jsonl").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    (verdict,) = grade([path], read_rubric())
    assert "larger than 64 MB" in verdict.unreadable

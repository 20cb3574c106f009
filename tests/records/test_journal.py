"""The journal: chain, crashes, several writers."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.records.conftest import make_record
from tsalab.errors import RecordError
from tsalab.records import GENESIS, Journal, Record, Redactor

Make = Callable[..., Record]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "journal.jsonl"


def test_records_chain(path: Path, make: Make) -> None:
    journal = Journal(path)
    assert journal.head == GENESIS
    first = journal.append(make(step=1))
    second = journal.append(make(step=2))
    assert (first.previous, second.previous) == (GENESIS, first.hash)
    again = Journal(path)
    assert again.records == (first, second)
    assert again.head == second.hash
    assert path.read_bytes().count(b"\n") == 2
    assert path.stat().st_mode & 0o077 == 0


def test_last_is_the_latest_of_a_step(path: Path, make: Make) -> None:
    journal = Journal(path)
    journal.append(make(step=1, status="failed"))
    latest = journal.append(make(step=1))
    journal.append(make(step=2))
    assert journal.last(1) == latest
    assert journal.last(3) is None


def test_what_is_no_step_is_no_outcome(path: Path, make: Make) -> None:
    journal = Journal(path)
    outcome = journal.append(make(step=1, status="failed"))
    hint = journal.append(make(step=1, kind="hint"))
    assert journal.last(1) == outcome
    assert journal.last(1, "hint") == hint
    assert journal.last(1, "reset") is None
    assert journal.of_kind("hint") == (hint,)
    assert Journal(path).of_kind("step") == (outcome,)


def test_a_reader_sees_what_another_wrote(path: Path, make: Make) -> None:
    reader = Journal(path)
    reader.refresh()  # nothing there yet
    writer = Journal(path)
    writer.append(make(step=1))
    assert reader.records == ()
    reader.refresh()
    assert reader.records == writer.records


def test_two_writers_make_one_chain(path: Path, make: Make) -> None:
    one, two = Journal(path), Journal(path)
    one.append(make(step=1))
    two.append(make(step=2))
    one.append(make(step=3))
    assert [record.step for record in Journal(path).records] == [1, 2, 3]


def _write_many(path: Path, step: int) -> None:
    journal = Journal(path)
    for _ in range(10):
        journal.append(make_record(step=step))


def test_processes_take_turns(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(path, step)) for step in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(Journal(path).records) == 20


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_torn_last_line_is_set_aside(path: Path, make: Make, kept: float) -> None:
    journal = Journal(path)
    first = journal.append(make(step=1))
    journal.append(make(step=2))
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    torn = whole[start : start + int((len(whole) - start - 1) * kept)]
    path.write_bytes(whole[:start] + torn)
    again = Journal(path)
    assert again.records == (first,)
    assert path.with_name("journal.jsonl.torn-1").read_bytes() == torn
    again.append(make(step=2))
    assert [record.step for record in Journal(path).records] == [1, 2]


def test_a_second_torn_line_gets_another_name(path: Path, make: Make) -> None:
    Journal(path).append(make())
    for number in (1, 2):
        with path.open("ab") as file:
            file.write(b'{"half')
        Journal(path)
        assert path.with_name(f"journal.jsonl.torn-{number}").exists()


def test_a_last_line_of_zeros_is_set_aside(path: Path, make: Make) -> None:
    """What some file systems leave of a write after a power cut."""
    record = Journal(path).append(make())
    with path.open("ab") as file:
        file.write(b"\0" * 100 + b"\n")
    assert Journal(path).records == (record,)


def test_only_the_line_end_missing_is_mended(path: Path, make: Make) -> None:
    record = Journal(path).append(make())
    os.truncate(path, path.stat().st_size - 1)
    again = Journal(path)
    assert again.records == (record,)
    again.append(make(step=5))
    assert len(Journal(path).records) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [lines[0], b"garbage", lines[2]], "line 2"),
        (lambda lines: [lines[0], lines[2]], "chain is broken at line 2"),
        (lambda lines: [lines[1], lines[0], lines[2]], "chain is broken at line 1"),
        (
            lambda lines: [lines[0], lines[1].replace(b"nonce", b"mine!"), lines[2]],
            "changed after it was written",
        ),
    ],
)
def test_tampering_is_told_with_its_line(
    path: Path, make: Make, change: Callable[[list[bytes]], list[bytes]], message: str
) -> None:
    journal = Journal(path)
    for step in (1, 2, 3):
        journal.append(make(step=step))
    path.write_bytes(b"\n".join(change(path.read_bytes().splitlines())) + b"\n")
    with pytest.raises(RecordError, match=message):
        Journal(path)


def test_a_journal_that_lost_lines_is_told(path: Path, make: Make) -> None:
    journal = Journal(path)
    journal.append(make())
    path.write_bytes(b"")
    with pytest.raises(RecordError, match="became shorter"):
        journal.append(make())


def test_a_secret_is_refused_before_anything_is_written(path: Path, make: Make) -> None:
    redactor = Redactor()
    redactor.add("correct horse battery")
    journal = Journal(path, redactor=redactor)
    with pytest.raises(RecordError, match=r"facts\.note would hold a secret") as caught:
        journal.append(make(facts={"note": "it is correct horse battery!"}))
    assert "horse" not in str(caught.value)
    assert not path.exists()


def test_a_full_disk_is_told_and_leaves_the_chain_whole(
    path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path)
    journal.append(make(step=1))
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: real(handle, data[:10]))
        with pytest.raises(RecordError, match="cannot be written") as caught:
            journal.append(make(step=2))
    assert "only 10 of" in caught.value.why
    assert json.loads(path.read_text().splitlines()[-1])["step"] == 1
    journal.append(make(step=2))
    assert len(Journal(path).records) == 2


def test_an_unwritable_folder_is_told(path: Path, make: Make) -> None:
    path.parent.mkdir()
    (path.parent / "journal.jsonl.lock").mkdir()
    with pytest.raises(RecordError, match=r"journal\.jsonl\.lock cannot be written"):
        Journal(path).append(make())

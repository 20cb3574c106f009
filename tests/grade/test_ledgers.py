"""Signed ledgers speak for who did the lab, however it was done; forged ones speak for nobody."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.grade import genuine
from tests.ledger import genuine as ledgers
from tests.ledger.genuine import edited, removed, reordered
from tsalab.cli import app
from tsalab.errors import GradeError
from tsalab.grade import Verdict, find_ledgers, grade, read_rubric
from tsalab.ledger import Commission, keys
from tsalab.records import canonical

PLAIN = "points: 1\nsteps: {}\nevidence: 2\n"
INSTRUCTOR = keys.new()
Book = genuine.Notebook


class Class:
    """A folder with what was handed in, and a grader who trusts one instructor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "made").mkdir(parents=True)

    def hand_in(self, book: Book | bytes | None, ledger: bytes | None, name: str = "ada") -> Path:
        place = self.folder / "in" / name
        place.mkdir(parents=True, exist_ok=True)
        if isinstance(book, bytes):
            (place / "lab4.ipynb").write_bytes(book)
        elif book is not None:
            genuine.written(place, book)
        if ledger is not None:
            (place / "ledger.jsonl").write_bytes(ledger)
        return place

    def ledger(self, issuer: Ed25519PrivateKey | None = INSTRUCTOR, **more: Any) -> bytes:
        return ledgers.ledger(self.folder / "made", issuer, **more)

    def graded(self, rubric: str = PLAIN, workers: int = 1) -> list[Verdict]:
        file = self.folder / "rubric.yml"
        file.write_text(rubric)
        root = self.folder / "in"
        witness = find_ledgers([root], [keys.public_of(INSTRUCTOR)])
        return list(grade([root], read_rubric(file), [witness], workers=workers))


@pytest.fixture
def course(tmp_path: Path) -> Class:
    return Class(tmp_path)


def untouched(book: Book) -> Book:
    """The shipped notebook as it is before anybody runs it."""
    return genuine.changed(
        book, lambda one: [cell.update(outputs=[]) for cell in one["cells"] if cell["cell_type"] == "code"]
    )


def points(verdict: Verdict) -> list[tuple[float, int]]:
    return [(mark.points, mark.tier) for mark in verdict.marks]


def test_who_ran_the_cells_and_who_did_it_by_hand_get_the_same(course: Class, book: Book) -> None:
    course.hand_in(book, course.ledger())
    course.hand_in(untouched(book), course.ledger(learner="Bob", account="2" * 12, run=""), "bob")
    course.hand_in(None, course.ledger(learner="Cy", account="3" * 12, run=""), "cy")
    course.hand_in(b"no notebook any more", course.ledger(learner="Dee", account="4" * 12, run=""), "dee")
    found = course.graded()
    assert [verdict.learner for verdict in found] == ["Ada", "Bob", "Dee", "Cy"]
    assert {verdict.points for verdict in found} == {30}
    assert {verdict.tier for verdict in found} == {2}
    assert len({tuple(points(verdict)) for verdict in found}) == 1
    assert found[0].doubts == ()
    assert (
        "signed ledger says so: step 9 as it is (sealed 2026-11-25 09:30 UTC)" in found[0].marks[8].reasons[0]
    )
    assert {verdict.finished for verdict in found} == {"2026-11-25T09:28:00.000Z"}
    assert any("Not graded" in doubt for doubt in found[2].doubts)


def test_what_the_ledger_denies_no_notebook_gives(course: Class, book: Book) -> None:
    course.hand_in(book, course.ledger(failed=(9, 14)))
    (verdict,) = course.graded()
    assert verdict.points == 28
    assert [mark.step for mark in verdict.marks if not mark.points] == [9, 14]
    assert "says that it is not done" in verdict.marks[8].reasons[0]
    assert verdict.marks[8].tier == 2


def test_a_notebook_made_up_gets_no_more_and_no_less(course: Class, book: Book) -> None:
    def spoil(one: Book) -> None:
        genuine.record(one, 9)["saw"] = "what was never there"
        genuine.cell(one, "step-12")["source"] = "print('passed')"

    course.hand_in(genuine.changed(book, spoil), course.ledger(failed=(9,)))
    (verdict,) = course.graded()
    assert verdict.points == 29
    assert any("altered" in doubt for doubt in verdict.doubts)


def test_without_a_ledger_the_notebook_is_of_tier_1(course: Class, book: Book) -> None:
    course.hand_in(book, None)
    other, _ = genuine.notebook("Bob", "b" * 32, account="2" * 12)
    course.hand_in(other, course.ledger(learner="Bob", account="2" * 12, run="b" * 32), "bob")
    ada, bob = course.graded("points: 1\nsteps: {}\n")
    assert (ada.learner, ada.points, ada.tier) == ("Ada", 30, 1)
    assert (bob.learner, bob.points, bob.tier) == ("Bob", 30, 2)


def passed_instead(data: bytes) -> bytes:
    return data.replace(b'"passed":false', b'"passed":true')


def clock_moved(data: bytes) -> bytes:
    """The whole chain written again, a day earlier, with hashes that fit."""
    *lines, last = data.splitlines()
    made, previous = [], "0" * 64
    for line in lines:
        entry = {**json.loads(line), "previous": previous}
        entry["time"] = entry["time"].replace("2026-11-25", "2026-11-24")
        made.append(canonical(entry))
        previous = sha256(made[-1]).hexdigest()
    outer = json.loads(last)
    outer["seal"]["head"] = previous
    return b"\n".join([*made, canonical(outer)])


def signed_with_a_new_key(data: bytes) -> bytes:
    """Everything made to fit by somebody who has the source, and not the instructor's key."""
    *lines, last = data.splitlines()
    seal = json.loads(last)["seal"]
    for step in seal["steps"]:
        step["passed"] = True
    own = Commission.issue(None, "Ada", "ada")
    seal["warrant"] = own.warrant.to_json()
    return b"\n".join([*lines, canonical({"seal": seal, "signature": own.sign("seal", canonical(seal))})])


def signed_by_another_instructor(data: bytes) -> bytes:
    *lines, last = data.splitlines()
    other = Commission.issue(keys.new(), "Ada", "ada")
    seal = json.loads(last)["seal"] | {"warrant": other.warrant.to_json()}
    return b"\n".join([*lines, canonical({"seal": seal, "signature": other.sign("seal", canonical(seal))})])


def renamed(data: bytes) -> bytes:
    return data.replace(b'"learner":"Bob"', b'"learner":"Ada"')


@pytest.mark.parametrize(
    ("forge", "made", "named"),
    [
        (edited, {}, "Line 3 does not follow the one before it"),
        (removed, {}, "Line 4 does not follow the one before it"),
        (reordered, {}, "Line 3 does not follow the one before it"),
        (passed_instead, {"failed": (9,)}, "does not bear the signature of sandbox ada"),
        (clock_moved, {}, "does not bear the signature of sandbox ada"),
        (signed_with_a_new_key, {"failed": (9,)}, "Its sandbox vouches for itself alone"),
        (signed_by_another_instructor, {}, "whom --trust does not name"),
        (bytes, {"issuer": None}, "Its sandbox vouches for itself alone"),
        (bytes, {"learner": "Bob"}, "is Bob's. The submission is that of Ada"),
        (renamed, {"learner": "Bob"}, "was not signed by whom it names"),
        (bytes, {"account": "9" * 12, "sandbox": "eve"}, "of eve, account 999999999999"),
        (bytes, {"run": "c" * 32}, "of another run"),
        (lambda _: b"not JSON at all", {}, "its last line is no seal"),
        (lambda _: b"[" * 200_000, {}, "no seal"),
        (lambda _: b'{"seal": NaN}', {}, "no seal"),
        (lambda _: b"\x80\x04\x95", {}, "no seal"),
        (lambda _: b" " * (65 * 1024 * 1024), {}, "larger than 64 MB"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_forged_ledger_is_named_and_the_others_go_on(
    course: Class, book: Book, forge: Callable[[bytes], bytes], made: dict[str, Any], named: str
) -> None:
    course.hand_in(book, forge(course.ledger(**made)))
    good, _ = genuine.notebook("Gil", "e" * 32, account="7" * 12)
    course.hand_in(good, course.ledger(learner="Gil", account="7" * 12, run="e" * 32), "gil")
    ada, gil = [one for one in course.graded() if one.learner in {"Ada", "Gil"}]
    assert named.casefold() in ada.doubts[0].casefold()
    assert ada.doubts[0].startswith("No ledger speaks for this submission.")
    assert ada.points == 0
    assert {mark.tier for mark in ada.marks} == {1}
    assert (gil.points, gil.tier) == (30, 2)


def test_a_good_ledger_is_heard_beside_a_bad_one(course: Class, book: Book) -> None:
    place = course.hand_in(book, course.ledger(failed=(30,)))
    (place / "before").mkdir()
    (place / "before" / "ledger.jsonl").write_bytes(edited(course.ledger()))
    (verdict,) = course.graded()
    assert (verdict.points, verdict.doubts) == (29, ())


def test_the_last_sealed_counts(course: Class, book: Book) -> None:
    """A lab that was taken back, or gone on with, is judged as it was in the end."""
    place = course.hand_in(book, course.ledger(failed=(29, 30)))
    later = course.ledger(failed=(30,), began=ledgers.BEGAN + timedelta(hours=1), sandbox="later")
    (place / "later").mkdir()
    (place / "later" / "ledger.jsonl").write_bytes(later)
    (verdict,) = course.graded()
    assert verdict.points == 29


def test_a_forged_ledger_alone_is_named(course: Class) -> None:
    course.hand_in(None, edited(course.ledger()))
    (verdict,) = course.graded()
    assert (verdict.learner, verdict.points) == ("Ada", 0)
    assert "Line 3 does not follow" in verdict.doubts[0]


def test_records_of_another_time_are_told(course: Class) -> None:
    book, _ = genuine.notebook(began=genuine.BEGAN + timedelta(days=2))
    course.hand_in(book, course.ledger())
    (verdict,) = course.graded()
    assert verdict.points == 30
    assert "are not those of the ledger" in verdict.marks[0].reasons[0]


def test_conditions_hold_by_the_ledgers_own_times(course: Class, book: Book) -> None:
    """No record tells when: steps 1 to 8 were done by the upload, at minute 7; 10 to 24 by the push."""
    course.hand_in(untouched(book), course.ledger(run=""))
    (verdict,) = course.graded(PLAIN + "opens: 2026-11-25T09:10:00Z\n")
    assert [mark.step for mark in verdict.marks if not mark.points] == list(range(1, 10))
    assert "before the lab was opened: 2026-11-25T09:07:00" in verdict.marks[0].reasons[-1]
    (verdict,) = course.graded(PLAIN + "due: 2026-11-25T09:25:00Z\nlate: 0.5\n")
    assert [mark.step for mark in verdict.marks if mark.points == 0.5] == list(range(25, 31))
    assert verdict.points == 27
    (verdict,) = course.graded(PLAIN.replace("evidence: 2", "evidence: 3"))
    assert verdict.points == 0
    assert "The evidence is of tier 2" in verdict.marks[0].reasons[-1]


def test_required_steps_are_required_of_a_ledger(course: Class, book: Book) -> None:
    course.hand_in(untouched(book), course.ledger(run="", failed=(14,)))
    (verdict,) = course.graded(PLAIN + "required: [14]\n")
    assert verdict.points == 0


def test_it_can_be_handed_to_other_processes(course: Class, book: Book) -> None:
    course.hand_in(book, course.ledger())
    witness = find_ledgers([course.folder], [keys.public_of(INSTRUCTOR)])
    assert pickle.loads(pickle.dumps(witness)) == witness  # noqa: S301 - our own


def test_no_ledger_where_one_should_be(tmp_path: Path) -> None:
    with pytest.raises(GradeError, match="no ledger to go by"):
        find_ledgers([tmp_path], [])


def test_the_command_takes_ledgers_and_keys(course: Class, book: Book, tmp_path: Path) -> None:
    place = course.hand_in(book, course.ledger())
    runner = CliRunner()
    key = keys.public_of(INSTRUCTOR)
    done = runner.invoke(app, ["grade", str(place), "--ledger", str(place), "--trust", key])
    assert done.exit_code == 0, done.output
    assert "tier 2  Ada" in done.output
    alone = runner.invoke(app, ["grade", str(place), "--ledger", str(place)])
    assert alone.exit_code == 2
    assert "--ledger and --trust go together" in alone.output
    wrong = runner.invoke(app, ["grade", str(place), "--ledger", str(place), "--trust", "nobody"])
    assert wrong.exit_code == 1
    assert "no public key" in str(wrong.exception)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["alone", "end", "start"]))
def test_any_bytes_as_a_ledger_give_a_verdict(course: Class, book: Book, data: bytes, where: str) -> None:
    whole = course.ledger()
    given = {"alone": data, "end": whole + data, "start": data + whole}[where]
    course.hand_in(book, given)
    (verdict,) = [one for one in course.graded() if one.learner == "Ada"]
    if given.strip() != whole.strip():
        assert verdict.points in {0, 30}
    assert verdict.points == 0 or {mark.tier for mark in verdict.marks} == {2}

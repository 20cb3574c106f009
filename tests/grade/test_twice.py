"""One work under two names: each of them is told, the first too; one person's own work is left alone."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.grade import genuine
from tests.grade.genuine import Notebook, record, rehashed
from tsalab.grade import Verdict, grade, read_rubric, twice
from tsalab.grade.shipped import shipped

RUN = "a" * 32
TOLD = "The same run was handed in under another name too, by "


def judged(*paths: Path, rubric: str = "", workers: int = 0) -> list[Verdict]:
    file = paths[0].parent.parent / "rubric.yml"
    file.write_text(rubric or "points: 1\nsteps: {}\n")
    return list(grade(paths, read_rubric(file), workers=workers))


def handed_in(folder: Path, *works: tuple[str, str]) -> list[Path]:
    """Notebooks of learners and runs, in the order given."""
    return [
        genuine.written(folder / f"{number:03}", genuine.notebook(learner, run)[0])
        for number, (learner, run) in enumerate(works)
    ]


def test_both_are_capped_and_each_names_the_other(tmp_path: Path) -> None:
    paths = handed_in(tmp_path, ("Ada", RUN), ("Cy", "c" * 32), ("Bob", RUN))
    ada, cy, bob = judged(*paths)
    assert (ada.points, ada.tier, bob.points, bob.tier) == (0, 0, 0, 0)
    assert ada.doubts[0].startswith(f"{TOLD}Bob ({paths[2]})")
    assert bob.doubts[0].startswith(f"{TOLD}Ada ({paths[0]})")
    assert (cy.points, cy.doubts) == (30, ())
    assert TOLD in " ".join(ada.marks[0].reasons)


def test_they_are_worth_what_the_notebook_alone_is(tmp_path: Path) -> None:
    paths = handed_in(tmp_path, ("Ada", RUN), ("Bob", RUN))
    assert [one.points for one in judged(*paths, rubric="points: 1\nsteps: {}\nevidence: 0\n")] == [30, 30]


def test_the_same_with_several_processes(tmp_path: Path) -> None:
    others = [(f"Learner {number}", f"{number:032x}") for number in range(60)]
    paths = handed_in(tmp_path, ("Ada", RUN), *others, ("Bob", RUN))
    verdicts = judged(*paths, workers=2)
    assert [one.name for one in verdicts] == [str(path) for path in paths]
    assert [one.learner for one in verdicts if not one.points] == ["Ada", "Bob"]


def test_one_person_may_hand_in_twice(tmp_path: Path) -> None:
    """The run is the working folder's: half of it handed in before has the same."""
    paths = handed_in(tmp_path, ("Ada", RUN), ("Ada", RUN))
    assert [(one.points, one.doubts) for one in judged(*paths)] == [(30, ())] * 2


@pytest.mark.parametrize("nobody", ["learner", ""])
def test_who_gave_no_name_cannot_be_told_from_another(tmp_path: Path, nobody: str) -> None:
    paths = handed_in(tmp_path, (nobody, RUN), (nobody, RUN))
    assert [one.points for one in judged(*paths)] == [0, 0]


def test_of_many_some_are_named(tmp_path: Path) -> None:
    names = ("Ada", "Bob", "Cy", "Di", "Eve")
    first, *_ = judged(*handed_in(tmp_path, *((name, RUN) for name in names)))
    assert [name in first.doubts[0] for name in names] == [False, True, True, True, False]
    assert "…" in first.doubts[0]


def test_to_quote_somebodys_run_accuses_nobody(tmp_path: Path) -> None:
    """Only records count: a nonce in a text, or one record among thirty, is no run of one's own."""
    ada, bob = genuine.notebook("Ada", RUN)[0], genuine.notebook("Bob", "b" * 32)[0]
    bob["cells"].append({"cell_type": "raw", "source": f'{{"run": "{RUN}", "learner": "Ada"}}'})
    bob["metadata"]["copied"] = {"run": RUN, "learner": "Ada"}
    paths = [genuine.written(tmp_path / "a", ada), genuine.written(tmp_path / "b", bob)]
    assert [one.points for one in judged(*paths)] == [30, 30]


def spelt(book: Notebook) -> bytes:
    """A notebook whose names of fields and runs are written by their numbers."""
    return json.dumps(book).replace('"run"', '"r\\u0075n"').replace(RUN, "\\u0061" * 32).encode("ascii")


def test_a_run_spelt_otherwise_is_the_same_run(tmp_path: Path) -> None:
    paths = handed_in(tmp_path, ("Ada", RUN), ("Bob", RUN))
    paths[1].write_bytes(spelt(genuine.notebook("Bob", RUN)[0]))
    assert [one.points for one in judged(*paths)] == [0, 0]


def test_more_runs_than_anybody_has_are_not_kept(tmp_path: Path) -> None:
    book = genuine.notebook("Ada", RUN)[0]
    book["metadata"]["flood"] = [{"run": f"{number:032x}"} for number in range(1000)]
    found = twice.Source(genuine.written(tmp_path, book))
    assert twice.claims(found, shipped()).runs == {RUN.encode()}


def test_a_copy_with_a_run_of_its_own_has_a_chain_of_its_own(tmp_path: Path) -> None:
    """Who changes the run in every record, and no more, breaks the chain."""
    bob, _ = genuine.notebook("Ada", RUN)
    for step in range(1, 31):
        data = rehashed(record(bob, step), run="b" * 32, learner="Bob")
        genuine.cell(bob, f"step-{step}")["outputs"][0]["data"][genuine.MIMETYPE] = data
    ada, copied = judged(*handed_in(tmp_path, ("Ada", RUN)), genuine.written(tmp_path / "b", bob))
    assert (ada.points, copied.points) == (30, 0)
    assert "The chain of records" in copied.doubts[-1]


def test_many_in_one_archive(tmp_path: Path) -> None:
    """On several processes, each of which opens it once for some members."""
    book, _ = genuine.notebook("Learner 0", "0" * 32)
    text = json.dumps(book)
    for number in range(1, 50):
        (tmp_path / "in").mkdir(exist_ok=True)
        whole = text if number < 3 else "{}"
        with zipfile.ZipFile(tmp_path / "in" / "all.zip", "a") as archive:
            archive.writestr(f"{number:03}/lab4.ipynb", whole.replace("Learner 0", f"Learner {number}"))
    verdicts = judged(tmp_path / "in" / "all.zip", workers=2)
    assert [one.name.rpartition("!")[2] for one in verdicts] == [f"{n:03}/lab4.ipynb" for n in range(1, 50)]
    assert [bool(one.unreadable) for one in verdicts] == [False] * 2 + [True] * 47

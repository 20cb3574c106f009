"""The live look, on a real lab with the grader's policy enforced; the tests change it in their order."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.grade import genuine
from tests.grade.genuine import Notebook
from tests.journeys.foreign import inventory
from tests.witness.conftest import Done, do_all
from tsalab import handin, migrate
from tsalab.cli import app
from tsalab.course import CLEANUP
from tsalab.errors import GradeError
from tsalab.grade import Verdict, grade, read_rubric
from tsalab.grade.examining import examine
from tsalab.grade.reading import Submission
from tsalab.grade.shipped import shipped
from tsalab.lab import Lab
from tsalab.steps import World
from tsalab.witness import Live, Whose
from tsalab.witness.live import look
from tsalab.witness.trail import Trail, from_files

STEPS = tuple(range(1, 31))


def judged(path: Path, whose: Whose, steps: Sequence[int] = STEPS) -> Verdict:
    (verdict,) = grade([path], read_rubric(), [Live(whose, steps)])
    return verdict


def claiming(account: str, learner: str = "Ada", run: str = "a" * 32) -> Notebook:
    """A whole chain that nobody ran: what somebody who reads the source can make."""
    return genuine.notebook(learner, run, account=account)[0]


def test_an_untouched_lab_gets_nothing_for_a_forged_notebook(
    begun: Done, as_grader: Path, tmp_path: Path
) -> None:
    path = genuine.written(tmp_path / "in", claiming(begun.account))
    verdict = judged(path, Whose(begun.sandbox.name))
    seen = [mark for mark in verdict.marks if mark.tier == 3]
    assert [mark.step for mark in seen] == list(range(8, 31))
    assert {mark.points for mark in seen} == {0}
    assert all("Not in the account now" in mark.reasons[0] for mark in seen)
    hidden = verdict.marks[:7]
    assert all("cannot see the learner's folder" in " ".join(mark.reasons) for mark in hidden)
    assert {mark.tier for mark in hidden} == {1}


def everything(lab: Lab, session: Any) -> dict[str, Any]:
    """What the account, the repository, the databases and the web server hold."""
    world = World(lab.place)
    files = "find /opt/tsa_gallery ~ -xdev -type f -not -path '*/node_modules/*' -not -name '*.log'"
    return inventory(session) | {
        "files": world.server.run(f"{files} -exec sha256sum {{}} + | sort", root=True).stdout,
        "services": world.server.run("systemctl is-enabled mariadb", check=False).stdout,
        "head": world.repository.branches(),
        "rows": migrate.row_counts(world.target),
    }


def test_a_lab_that_is_done_has_every_step_of_tier_3_and_nothing_is_written(
    begun: Done, as_grader: Path, tmp_path: Path
) -> None:
    do_all(begun.lab)
    session = begun.sandbox.session()
    before = everything(begun.lab, session)
    path = begun.hand_in(tmp_path / "in")
    verdict = judged(path, Whose(begun.sandbox.name))
    assert [(mark.step, mark.tier, mark.points > 0) for mark in verdict.marks] == [
        (step, 3, True) for step in STEPS
    ], verdict.marks
    assert verdict.doubts == ()
    assert everything(begun.lab, session) == before


def test_a_notebook_without_records_gets_the_same(begun: Done, as_grader: Path, tmp_path: Path) -> None:
    """Who did the lab by hand, and handed in the notebook as it came from papermill or an editor."""
    book = genuine.of_records([])
    genuine.cell(book, "parameters")["source"] = 'profile = "x"\nlearner = "Ada"'
    verdict = judged(genuine.written(tmp_path / "in", book), Whose("no-such", {"Ada": begun.sandbox.name}))
    assert (verdict.learner, verdict.points, verdict.tier) == ("Ada", verdict.possible, 3)


def test_the_account_has_to_be_that_of_the_records(begun: Done, as_grader: Path, tmp_path: Path) -> None:
    path = genuine.written(tmp_path / "in", claiming("999988887777"))
    verdict = judged(path, Whose(begun.sandbox.name))
    assert max(mark.tier for mark in verdict.marks) < 3
    assert f"leads to the account {begun.account}" in verdict.doubts[0]
    assert "999988887777" in verdict.doubts[0]


def test_one_account_is_not_the_work_of_two(begun: Done, as_grader: Path, tmp_path: Path) -> None:
    stolen = claiming(begun.account, "Bob", "b" * 32)
    paths = [begun.hand_in(tmp_path / "a"), genuine.written(tmp_path / "b", stolen)]
    whose = Whose("", {"Ada": begun.sandbox.name, "Bob": begun.sandbox.name})
    assert list(whose.twice()) == [(begun.sandbox.name, "Bob")]
    first, second = grade(paths, read_rubric(), [Live(whose, STEPS)])
    assert first.points == first.possible
    assert second.tier == 1
    assert "That was the work of Ada already" in second.doubts[0]


def test_what_takes_ssh_is_left_to_the_lower_tiers_without_a_key(
    begun: Done, as_grader: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On AWS a grader has no key, and the policy lets none in."""
    config = Path(begun.sandbox.env["AWS_CONFIG_FILE"]).read_text(encoding="utf-8")
    lines = [line for line in config.splitlines() if not line.startswith("tsalab_ssh_config")]
    (tmp_path / "config").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    verdict = judged(begun.hand_in(tmp_path / "in"), Whose(begun.sandbox.name))
    assert verdict.points == verdict.possible
    by_ssh = [mark for mark in verdict.marks if mark.tier == 1]
    assert [mark.step for mark in by_ssh] == [12, 13, 14, 19, 20, 23, *range(25, 31)]
    assert all("The live look could not see it" in mark.reasons[-1] for mark in by_ssh)
    assert not any(
        "could not see it" in word for mark in verdict.marks if mark.tier == 3 for word in mark.reasons
    )


def test_what_was_taken_back_is_not_there_any_more(begun: Done, as_grader: Path, tmp_path: Path) -> None:
    World(begun.lab.place).server.run("systemctl enable mariadb", root=True)
    try:
        verdict = judged(begun.hand_in(tmp_path / "in"), Whose(begun.sandbox.name))
    finally:
        World(begun.lab.place).server.run("systemctl disable mariadb", root=True)
    assert [mark.step for mark in verdict.marks if not mark.points] == [29, 30]
    assert verdict.marks[28].reasons[0].startswith("Not in the account now: ")


def test_the_command(begun: Done, as_grader: Path, tmp_path: Path) -> None:
    path = begun.hand_in(tmp_path / "in")
    done = CliRunner().invoke(app, ["grade", str(path), "--live", "--profile", begun.sandbox.name])
    assert done.exit_code == 0, done.output
    assert "tier 3  Ada" in done.output
    other = CliRunner().invoke(app, ["grade", str(path), "--live", "--profile", "grader-{learner}"])
    assert "There is no profile for the live look at the account of Ada" in other.output
    begun.hand_in(tmp_path / "in" / "again")
    many = CliRunner().invoke(app, ["grade", str(path.parent), "--live", "--profile", begun.sandbox.name])
    assert isinstance(many.exception, GradeError)
    assert "cannot look for 2 submissions" in str(many.exception)
    none = CliRunner().invoke(app, ["grade", str(path), "--live"])
    assert "Give --profile NAME" in str(none.exception)
    unused = CliRunner().invoke(app, ["grade", str(path), "--profile", "x"])
    assert unused.exit_code == 2
    assert "give --live" in unused.output


@pytest.mark.parametrize("name", ["../../handed-in/Ada", "Bob", "", "default\n"])
def test_a_learners_name_leads_to_no_profile_that_is_not_known(
    begun: Done, as_grader: Path, name: str
) -> None:
    with pytest.raises(GradeError, match="There is no profile"):
        Whose("{learner}").of(name)
    assert Whose("{learner}").of(begun.sandbox.name) == begun.sandbox.name


def test_the_work_holds_what_the_learner_made_and_no_secret(begun: Done) -> None:
    work = handin.pack(begun.lab.place.workdir)
    assert work.learner == "Ada"
    assert set(work.tables) >= {"images", "categories"}
    assert work.commit == begun.lab.journal.last(24).facts["commit"]  # type: ignore[union-attr]
    password = (
        begun.sandbox.session()
        .client("secretsmanager")
        .get_secret_value(SecretId="TSAGallery-RDSMasterSecret")["SecretString"]
    )
    assert json.loads(password)["password"].encode() not in work.to_bytes()


def test_the_command_to_hand_in(begun: Done, tmp_path: Path) -> None:
    folder = str(begun.lab.place.workdir)
    done = CliRunner().invoke(app, ["hand-in", "--workdir", folder, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert handin.read((tmp_path / "work.zip").read_bytes()) == handin.pack(begun.lab.place.workdir)
    assert "- the app's commits" in done.output
    nothing = CliRunner().invoke(app, ["hand-in", "--workdir", str(tmp_path / "x"), "--out", str(tmp_path)])
    assert nothing.exit_code == 1


TOLD = [2, 3, 4, 5, 9, 11, 24, 28]  # what management events tell


def test_the_trail_agrees_asked_by_a_grader(begun: Done, as_grader: Path, tmp_path: Path) -> None:
    path = begun.hand_in(tmp_path / "in")
    (verdict,) = grade([path], read_rubric(), [Trail(STEPS, whose=Whose(begun.sandbox.name))])
    agreed = {mark.step: mark for mark in verdict.marks if mark.tier == 4 and mark.points}
    assert list(agreed) == TOLD, verdict
    assert f"GitPush by arn:aws:iam::{begun.account}:user/learner" in agreed[24].reasons[0]
    assert "assumed-role/TSAGalleryServerRole" in agreed[28].reasons[0]
    assert verdict.points == verdict.possible
    assert "not every trail keeps such events" in verdict.marks[7].reasons[-1]  # an upload is a data event


def test_the_trail_agrees_by_its_files_and_holds_no_secret(begun: Done, tmp_path: Path) -> None:
    lines = begun.sandbox.folder.path("control", "trail.jsonl").read_bytes()
    secret = (
        begun.sandbox.session()
        .client("secretsmanager")
        .get_secret_value(SecretId="TSAGallery-RDSMasterSecret")["SecretString"]
    )
    assert json.loads(secret)["password"].encode() not in lines
    file = tmp_path / "logs" / "x.json.gz"
    file.parent.mkdir()
    records = [json.loads(line) for line in lines.splitlines()]
    file.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    begun.hand_in(tmp_path / "in")
    done = CliRunner().invoke(app, ["grade", str(tmp_path / "in"), "--trail", str(file.parent)])
    assert done.exit_code == 0, done.output
    (verdict,) = grade([tmp_path / "in"], read_rubric(), [from_files(file, STEPS, {})])
    assert [mark.step for mark in verdict.marks if mark.tier == 4] == sorted([*TOLD, 8])


def test_a_lab_that_was_only_claimed_is_in_no_trail(begun: Done, as_grader: Path, tmp_path: Path) -> None:
    """The records say another commit and another version than AWS saw."""
    facts = {24: {"commit": "d" * 40}}
    forged, _ = genuine.notebook("Ada", "a" * 32, account=begun.account, facts=facts)
    (verdict,) = grade(
        [genuine.written(tmp_path / "in", forged)],
        read_rubric(),
        [Trail(STEPS, whose=Whose(begun.sandbox.name))],
    )
    assert verdict.marks[23].points == 0
    assert "CloudTrail knows of no GitPush" in verdict.marks[23].reasons[0]


@pytest.mark.slow
def test_after_the_clean_up_there_is_nothing_to_see(begun: Done, as_grader: Path, tmp_path: Path) -> None:
    path = begun.hand_in(tmp_path / "in")
    begun.lab.place.confirm = "yes"
    for step in CLEANUP.steps:
        begun.lab.perform(step.id)
    verdict = judged(path, Whose(begun.sandbox.name))
    assert (verdict.points, verdict.tier) == (verdict.possible, 1)
    assert all("has nothing to see" in mark.reasons[-1] for mark in verdict.marks)
    steps = [step.id for step in CLEANUP.steps]
    cleaned = dict(look(begun.lab.place, steps))
    assert {evidence.passed for evidence in cleaned.values()} == {True}
    examined = examine(Submission("x", genuine.of_records(begun.records)), shipped())
    told = Trail(steps, whose=Whose(begun.sandbox.name)).of(examined)
    assert {step: evidence.passed for step, evidence in told.items()} == {
        "cleanup-5": True,
        "cleanup-6": True,
        "cleanup-7": True,
    }

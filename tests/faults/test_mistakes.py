"""Mistakes that learners make, each made with files, aws, git and ssh, and named by the check of its step.

One lab in challenge mode, on one sandbox: the tests run in their order. Each row makes a
mistake, reads what the step's check says of it, and mends it; between the tables the lab
is done by hand, and at the end every step passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tsalab.lab import Lab
from tsalab.show import StepView
from tsalab.steps import World

from .conftest import opened
from .hand import Hand, Mistake, finished_template, told
from .mistakes.code import EDITS, WAY, finish
from .mistakes.data import DUMP, EXPORT, LOAD, loaded
from .mistakes.deployment import UPLOAD, ZIP
from .mistakes.server import DATABASE, SERVER, restart
from .mistakes.template import TEMPLATE


@pytest.fixture(scope="module")
def hand(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hand]:
    work, outputs = tmp_path_factory.mktemp("work"), []
    publish = StepView._publish
    with (
        pytest.MonkeyPatch.context() as patch,
        opened(module_sandbox, work, mode="challenge") as lab,
    ):
        patch.setattr(StepView, "_publish", lambda view, data: outputs.append(data) or publish(view, data))
        yield Hand(lab, module_sandbox, outputs)


def check(hand: Hand, mistake: Mistake) -> None:
    """Make it, read what the step says, mend it."""
    mistake.make(hand)
    found = hand.template.read_text()
    try:
        record = told(hand.lab, mistake.step)
    finally:
        mistake.mend(hand)
    for word in mistake.saw:
        assert word.lower() in record.saw.lower(), f"saw: {record.saw}"
    for word in mistake.next:
        assert word.lower() in record.next.lower(), f"next: {record.next}"
    if mistake.place:
        (number, *_) = [n for n, line in enumerate(found.splitlines(), 1) if mistake.place in line]
        assert f"line {number}, column " in record.saw, f"line {number}: {record.saw}"
        assert f"> {number} | " in hand.shown()
        assert "^" in hand.shown()
    for line in mistake.shown:
        assert line in hand.shown()


def passes(lab: Lab, *steps: int) -> None:
    for step in steps:
        lab.perform(step)
        assert lab.journal.records[-1].passed


# --- steps 1 to 6: the template and its zip --------------------------------------------


def test_the_template_is_fetched_as_step_1_says(hand: Hand) -> None:
    record = told(hand.lab, 1)
    assert "there is no infra.yml" in record.saw
    assert f"aws s3 cp {hand.key} infra.yml.zip; unzip infra.yml.zip" in record.next
    hand.run("aws", "s3", "cp", hand.key, "infra.yml.zip")
    hand.run("unzip", "-q", "infra.yml.zip")
    passes(hand.lab, 1)
    hand.template.write_text(finished_template(hand.template.read_text()))


@pytest.mark.parametrize("mistake", TEMPLATE, ids=str)
def test_a_mistake_in_the_template(hand: Hand, mistake: Mistake) -> None:
    check(hand, mistake)
    assert "correct-horse" not in hand.lab.journal.path.read_text()


def test_the_template_as_it_should_be(hand: Hand) -> None:
    passes(hand.lab, 2, 3, 4, 5)


@pytest.mark.parametrize("mistake", ZIP, ids=str)
def test_a_mistake_with_the_zip(hand: Hand, mistake: Mistake) -> None:
    check(hand, mistake)


def test_the_zip_as_it_should_be(hand: Hand) -> None:
    hand.zip()
    passes(hand.lab, 6, 7)


# --- steps 8 and 9: the upload and the pipeline ----------------------------------------


@pytest.mark.parametrize("mistake", UPLOAD, ids=str)
def test_a_mistake_with_the_upload(hand: Hand, mistake: Mistake) -> None:
    check(hand, mistake)


def test_the_upload_as_it_should_be(hand: Hand) -> None:
    hand.run("aws", "s3", "cp", "infra.yml.zip", hand.key)
    passes(hand.lab, 8, 9, 10, 11, 12)  # 9 waits for the pipeline, which is on its way


# --- steps 13 and 14: the data ---------------------------------------------------------


@pytest.mark.parametrize("mistake", EXPORT, ids=str)
def test_a_mistake_with_the_dump(hand: Hand, mistake: Mistake) -> None:
    check(hand, mistake)


def test_the_dump_as_it_should_be(hand: Hand) -> None:
    hand.ssh(DUMP)
    passes(hand.lab, 13)


@pytest.mark.parametrize("mistake", LOAD, ids=str)
def test_a_mistake_with_the_import(hand: Hand, mistake: Mistake) -> None:
    check(hand, mistake)


def test_the_import_as_it_should_be(hand: Hand) -> None:
    assert "ERROR" not in loaded(hand, World(hand.lab.place).credentials.dbname)
    passes(hand.lab, 14)


# --- steps 15 to 24: the code ----------------------------------------------------------


def test_the_clone_as_it_should_be(hand: Hand) -> None:
    record = told(hand.lab, 15)
    url = World(hand.lab.place).repository.clone_url()
    assert f"clone {url}" in record.next
    hand.git("clone", "-q", url)
    finish(hand)
    passes(hand.lab, *range(15, 24))


@pytest.mark.parametrize("mistake", EDITS, ids=str)
def test_a_mistake_in_the_code(hand: Hand, mistake: Mistake) -> None:
    check(hand, mistake)


def test_the_command_says_the_same(hand: Hand) -> None:
    mistake = EDITS[0]
    mistake.make(hand)
    record = told(hand.lab, mistake.step)
    as_json, as_text = hand.check(mistake.step)
    mistake.mend(hand)
    assert (as_json["saw"], as_json["expected"], as_json["next"]) == (
        record.saw,
        record.expected,
        record.next,
    )
    assert "TSAGallery-Secret" in as_text
    assert all(line in as_text for line in mistake.shown)


@pytest.mark.parametrize("mistake", WAY, ids=str)
def test_a_mistake_on_the_way_to_codecommit(hand: Hand, mistake: Mistake) -> None:
    check(hand, mistake)


def test_the_push_as_it_should_be(hand: Hand) -> None:
    hand.git("push", "-q", "origin", "HEAD:master")
    passes(hand.lab, 24, 25, 26)


# --- steps 25 to 30: the web server ----------------------------------------------------


@pytest.mark.parametrize("mistake", SERVER, ids=str)
def test_a_mistake_on_the_server(hand: Hand, mistake: Mistake) -> None:
    check(hand, mistake)


def test_the_app_as_it_should_be(hand: Hand) -> None:
    restart(hand)
    passes(hand.lab, 27, 28)  # 28 waits for the app, which is starting


@pytest.mark.parametrize("mistake", DATABASE, ids=str)
def test_a_mistake_with_the_old_database(hand: Hand, mistake: Mistake) -> None:
    check(hand, mistake)


def test_the_lab_is_done(hand: Hand) -> None:
    hand.ssh("systemctl stop mariadb; systemctl disable mariadb", root=True)
    passes(hand.lab, 29, 30)
    assert hand.lab.journal.records[-1].facts["mark_seen"] is True
    assert [step.number for step in hand.lab.check() if not step.passed] == []

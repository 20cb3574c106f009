"""The states of the architecture's parts, and how they change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tsalab.architecture import BOOTSTRAP, GALLERY, PARTS, Overview, Part, State, of_stack_status

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def whole(**states: State) -> Overview:
    found = [Part(name, states.get(name.replace("-", "_"), State.AVAILABLE)) for name in PARTS]
    return Overview.of(found, NOW)


@pytest.mark.parametrize(
    ("status", "state", "word"),
    [
        ("", State.ABSENT, ""),
        ("DELETE_COMPLETE", State.ABSENT, ""),
        ("CREATE_IN_PROGRESS", State.CREATING, ""),
        ("UPDATE_IN_PROGRESS", State.CREATING, "updating"),
        ("DELETE_IN_PROGRESS", State.CREATING, "deleting"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", State.CREATING, "rolling-back"),
        ("ROLLBACK_IN_PROGRESS", State.CREATING, "rolling-back"),
        ("CREATE_COMPLETE", State.AVAILABLE, ""),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", State.CREATING, "updating"),
        ("UPDATE_ROLLBACK_COMPLETE", State.AVAILABLE, "rolled-back"),
        ("ROLLBACK_COMPLETE", State.FAILED, ""),
        ("CREATE_FAILED", State.FAILED, ""),
        ("DELETE_FAILED", State.FAILED, ""),
        ("UPDATE_ROLLBACK_FAILED", State.FAILED, ""),
    ],
)
def test_a_stack_s_words_are_states(status: str, state: State, word: str) -> None:
    assert of_stack_status(status) == (state, word)


def test_an_overview_is_whole_and_what_was_not_read_is_unknown() -> None:
    seen = Overview.of([Part("vpc", State.AVAILABLE)], NOW)
    assert tuple(seen.parts) == PARTS
    assert {part.id for part in seen.parts.values() if part.state is not State.UNKNOWN} == {"vpc"}


def test_each_resource_of_the_templates_leads_to_its_part() -> None:
    for logical, part in (GALLERY | BOOTSTRAP).items():
        after = whole(**{part.replace("-", "_"): State.ABSENT}).after_event(logical, "CREATE_IN_PROGRESS", "")
        assert after.parts[part].state is State.CREATING
        assert after.after_event(logical, "CREATE_COMPLETE", "").parts[part].state is State.AVAILABLE
    stack = whole().after_event("", "UPDATE_IN_PROGRESS", "").parts["stack"]
    assert (stack.state, stack.status) == (State.CREATING, "updating")


def test_a_failure_keeps_its_reason_and_what_is_no_part_changes_nothing() -> None:
    seen = whole()
    failed = seen.after_event("DatabaseCluster", "CREATE_FAILED", "no such subnet")
    assert failed.parts["cluster"].detail == "no such subnet"
    assert failed.parts["cluster"].state is State.FAILED
    assert seen.after_event("PublicRouteTable", "UPDATE_IN_PROGRESS", "") is seen
    assert seen.after_event("VPC", "CREATE_COMPLETE", "") is seen  # it is so already


def test_what_an_update_brings_is_being_created() -> None:
    fresh = whole(cluster=State.ABSENT).after_event("DatabaseCluster", "UPDATE_IN_PROGRESS", "")
    assert fresh.parts["cluster"].status == "creating"
    changed = whole().after_event("DatabaseCluster", "UPDATE_IN_PROGRESS", "")
    assert changed.parts["cluster"].status == "updating"


def test_changes_are_those_of_state_or_word_alone() -> None:
    before = whole(cluster=State.ABSENT)
    after = before.with_part(Part("cluster", State.AVAILABLE)).with_part(
        Part("mariadb", State.PAUSED, "stopped")
    )
    after = after.with_part(Part("web-server", State.AVAILABLE, detail="t3.medium"))
    changed = {now.name: (then.status, now.status) for then, now in after.changes(before)}
    assert changed == {"MariaDB": ("available", "stopped"), "Aurora cluster": ("absent", "available")}


def test_a_sentence_names_every_part_with_its_state() -> None:
    said = whole(secret=State.FAILED, cluster=State.FAILED).sentence()
    assert "failed: Aurora cluster, Secret" in said
    assert all(part.name in said for part in whole().parts.values())


def test_an_overview_is_kept_and_read_again() -> None:
    seen = whole(cluster=State.ABSENT).with_part(Part("mariadb", State.PAUSED, "stopped", "long story"))
    again = Overview.from_json(seen.to_json())
    assert again.looked == seen.looked
    assert again.changes(seen) == []
    assert "long story" not in str(seen.to_json())
    for broken in ({}, {"parts": []}, {"parts": {"vpc": ["odd", ""]}, "looked": NOW.isoformat()}):
        with pytest.raises((ValueError, TypeError, KeyError)):
            Overview.from_json(broken)

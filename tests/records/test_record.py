"""The record: its canonical form, its hash, its schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsalab.errors import RecordError
from tsalab.records import GENESIS, Record, canonical, utc_now
from tsalab.records.record import parsed_form

Make = Callable[..., Record]
SAFE = 2**53 - 1


def javascript(value: Any) -> Any:
    """Pass a value through JSON as a browser saves it: every number is a double, 2.0 is written 2."""
    if isinstance(value, dict):
        return {key: javascript(item) for key, item in value.items()}
    if isinstance(value, list):
        return [javascript(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < 1e21 else number
    return value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-SAFE, SAFE)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer() or abs(x) <= SAFE)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(json_values)
def test_canonical_form_survives_a_browser_that_saves_the_notebook(value: Any) -> None:
    once = canonical(value)
    assert canonical(javascript(json.loads(once))) == once


NUMBERS = (
    st.integers()
    | st.floats(allow_nan=True)
    | st.sampled_from([2.0, -0.0, 1e22, 1e-7, 2**53, 2**53 - 1, 0.1])
)
TEXTS = st.text(st.characters(), max_size=8) | st.sampled_from(
    [":2.0", ",1e5", "2026-11-25T09:00:00.000Z", "3e4"]
)
PARSED = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=500)
@given(st.dictionaries(TEXTS, PARSED, max_size=3))
def test_what_a_parser_returned_has_the_same_canonical_form(value: dict[str, Any]) -> None:
    """The quick way that reading a record takes, against the one that writing it took."""
    try:
        wanted: bytes | str = canonical(value)
    except RecordError as error:
        wanted = error.why
    try:
        found: bytes | str = parsed_form(value)
    except RecordError as error:
        found = error.why
    assert found == wanted


def test_canonical_form_is_sorted_compact_utf8() -> None:
    assert (
        canonical({"b": 1.0, "a": ["é", -0.0, 0.5, True, None]})
        == '{"a":["é",0,0.5,true,null],"b":1}'.encode()
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "not finite"),
        (float("inf"), "not finite"),
        (SAFE + 1, "2**53"),
        (1e300, "2**53"),
        ("\ud800", "surrogate"),
        ({"\ud800": 1}, "surrogate"),
        ({1: 2}, "key is a int"),
        ([{"a": b"x"}], "bytes is no JSON value"),
    ],
)
def test_what_json_cannot_hold_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(RecordError) as caught:
        canonical(value)
    assert reason in caught.value.why


def test_hash_is_sha256_of_everything_else(make: Make) -> None:
    record = make()
    data = record.to_json()
    claimed = data.pop("hash")
    assert sha256(canonical(data)).hexdigest() == claimed == record.hash


def test_round_trip_through_json(make: Make) -> None:
    record = make(step="cleanup-3", status="failed", next="Empty the bucket.")
    again = Record.from_json(json.loads(record.line()))
    assert again == record
    assert again.hash == record.hash
    assert not again.passed


def test_times_are_utc_with_milliseconds(make: Make) -> None:
    east = timezone(timedelta(hours=2))
    record = make(
        started=datetime(2026, 1, 1, 1, tzinfo=east), ended=datetime(2026, 1, 1, 1, 0, 2, 4567, tzinfo=east)
    )
    assert (record.started, record.ended) == ("2025-12-31T23:00:00.000Z", "2025-12-31T23:00:02.004Z")
    assert record.seconds == 2.005
    assert utc_now().tzinfo is UTC


def test_a_clock_set_back_counts_as_no_time(make: Make) -> None:
    now = utc_now()
    assert make(started=now, ended=now - timedelta(hours=1)).seconds == 0


def test_a_time_without_zone_is_refused(make: Make) -> None:
    with pytest.raises(RecordError, match="started/ended"):
        make(started=datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("step", 31),
        ("step", 0),
        ("step", "cleanup-9"),
        ("step", True),
        ("status", "done"),
        ("title", ""),
        ("run", ""),
    ],
)
def test_schema_names_the_field(make: Make, field: str, value: object) -> None:
    with pytest.raises(RecordError, match=f", {field} is not"):
        make(**{field: value})


def test_facts_are_copied_and_must_be_names_with_values(make: Make) -> None:
    facts = {"rows": 1}
    record = make(facts=facts)
    facts["rows"] = 2
    assert record.facts == {"rows": 1}
    with pytest.raises(RecordError, match="facts"):
        make(facts=[1])


def test_an_altered_record_is_told_from_its_hash(make: Make) -> None:
    data = make(status="failed").to_json() | {"status": "passed"}
    with pytest.raises(RecordError, match="step 4 in cell x was changed"):
        Record.from_json(data, "cell x")


@pytest.mark.parametrize("data", [[], {}, {"schema": 2}, None])
def test_what_is_no_record_is_refused(data: object) -> None:
    with pytest.raises(RecordError, match="In the record, the whole is not"):
        Record.from_json(data)


def test_a_field_too_many_is_refused(make: Make) -> None:
    with pytest.raises(RecordError):
        Record.from_json(make().to_json() | {"extra": 1})


def test_chained_changes_the_hash(make: Make) -> None:
    record = make()
    assert record.previous == GENESIS
    assert record.chained("f" * 64).hash != record.hash


def test_repr_leaves_the_facts_out(make: Make) -> None:
    assert "digest" not in repr(make())
    assert len({make(), make()}) == 1


def test_only_a_step_is_an_outcome(make: Make) -> None:
    assert make().kind == "step"
    assert make().is_outcome
    assert make().passed
    for kind in ("hint", "reset", "fault"):
        other = make(kind=kind)
        assert not other.is_outcome
        assert not other.passed
        assert Record.from_json(json.loads(other.line())) == other


def test_an_unknown_kind_is_refused(make: Make) -> None:
    with pytest.raises(RecordError, match="kind"):
        make(kind="guess")


def test_a_record_from_before_there_were_kinds_is_a_step_and_keeps_its_hash(make: Make) -> None:
    old = make().to_json()
    assert "kind" not in old
    assert Record.from_json(old).kind == "step"
    assert Record.from_json(old | {"kind": "step"}) == make()


@pytest.mark.parametrize(("kind", "claimed"), [("hint", "step"), ("step", "hint"), ("hint", None)])
def test_a_hint_cannot_be_passed_off_as_an_outcome(make: Make, kind: str, claimed: str | None) -> None:
    data = make(kind=kind).to_json() | {"kind": claimed}
    if claimed is None:
        del data["kind"]
    with pytest.raises(RecordError):
        Record.from_json(data)


def test_a_mode_is_in_the_json_unless_it_is_guided(make: Make) -> None:
    old = make().to_json()
    assert "mode" not in old
    assert Record.from_json(old).mode == "guided"
    challenge = make(mode="challenge")
    assert challenge.to_json()["mode"] == "challenge"
    assert Record.from_json(json.loads(challenge.line())) == challenge
    assert challenge.hash != make().hash


@pytest.mark.parametrize(("mode", "claimed"), [("challenge", "guided"), ("guided", "challenge")])
def test_a_guided_step_cannot_be_passed_off_as_a_challenge(make: Make, mode: str, claimed: str) -> None:
    with pytest.raises(RecordError):
        Record.from_json(make(mode=mode).to_json() | {"mode": claimed})


def test_an_unknown_mode_is_refused(make: Make) -> None:
    with pytest.raises(RecordError, match="mode"):
        make(mode="cheat")

"""A sealed ledger: what was written is read back, and whatever was changed is named."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger import genuine
from tests.ledger.genuine import edited, removed, reordered
from tsalab.errors import LedgerError
from tsalab.ledger import Chain, Commission, keys, read
from tsalab.records import canonical


def test_it_says_who_what_and_when(data: bytes, instructor: Ed25519PrivateKey) -> None:
    found = read(data, "here")
    warrant = found.warrant
    assert (warrant.learner, warrant.sandbox) == ("Ada", "ada")
    assert warrant.issuer == keys.public_of(instructor)
    assert not warrant.own
    assert [one.step for one in found.steps if one.passed] == list(genuine.STEPS)
    assert [entry.what for entry in found.entries] == [what for _, what, _ in genuine.HAPPENED]
    assert found.entries[1].time == genuine.BEGAN + timedelta(minutes=7)
    assert found.entries[1].facts["trigger"] == "bucket/infra.yml.zip"


def test_a_sandbox_of_ones_own_vouches_for_itself(tmp_path: Path) -> None:
    assert read(genuine.ledger(tmp_path, None), "here").warrant.own


def cut_off(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(lines[:-2] + lines[-1:])


def linked_anew(data: bytes) -> bytes:
    """An entry edited, and the whole chain behind it made to fit."""
    *lines, last = data.splitlines()
    found, previous = [], "0" * 64
    for line in lines:
        entry = {**json.loads(line), "previous": previous}
        entry["time"] = entry["time"].replace("2026-11-25", "2026-11-24")
        found.append(canonical(entry))
        previous = sha256(found[-1]).hexdigest()
    return b"\n".join([*found, last])


def of_seal(change: Any) -> Any:
    def changed(data: bytes) -> bytes:
        *lines, last = data.splitlines()
        outer = json.loads(last)
        change(outer)
        return b"\n".join([*lines, canonical(outer)])

    return changed


def renamed(outer: dict[str, Any]) -> None:
    outer["seal"]["warrant"]["learner"] = "Bob"


def passed(outer: dict[str, Any]) -> None:
    outer["seal"]["steps"][3]["saw"] = "all is well"


def moved(outer: dict[str, Any]) -> None:
    outer["seal"]["sealed"] = "2026-11-20T09:00:00Z"


def signed_anew(outer: dict[str, Any]) -> None:
    """Signed by another key, which the warrant does not name."""
    outer["signature"] = keys.sign(keys.new(), "seal", canonical(outer["seal"]))


def key_put_in(outer: dict[str, Any]) -> None:
    """Another key, put into the warrant that an instructor signed, signs."""
    own = keys.new()
    outer["seal"]["warrant"]["key"] = keys.public_of(own)
    outer["signature"] = keys.sign(own, "seal", canonical(outer["seal"]))


@pytest.mark.parametrize(
    ("forge", "named"),
    [
        (edited, "Line 3 does not follow"),
        (removed, "Line 4 does not follow"),
        (cut_off, "It holds 7 entries, and the seal is of 8 others"),
        (reordered, "Line 3 does not follow"),
        (linked_anew, "the seal is of 8 others"),
        (of_seal(renamed), "was not signed by whom it names"),
        (of_seal(key_put_in), "was not signed by whom it names"),
        (of_seal(passed), "does not bear the signature"),
        (of_seal(moved), "does not bear the signature"),
        (of_seal(signed_anew), "does not bear the signature"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_was_changed_is_named(data: bytes, forge: Any, named: str) -> None:
    with pytest.raises(LedgerError) as caught:
        read(forge(data), "here")
    assert named in caught.value.why
    assert caught.value.what == "The ledger here does not hold."


def test_a_clock_that_went_back_under_the_seal_is_named(
    tmp_path: Path, instructor: Ed25519PrivateKey
) -> None:
    """Signed as it is: a supervisor writes no entry that is older than the one before it."""
    *lines, last = genuine.ledger(tmp_path, instructor).splitlines()
    commission = Commission.issue(instructor, "Ada", "ada")
    seal = json.loads(last)["seal"] | {
        "warrant": commission.warrant.to_json(),
        "sealed": "2026-11-20T09:00:00Z",
    }
    outer = {"seal": seal, "signature": commission.sign("seal", canonical(seal))}
    with pytest.raises(LedgerError, match="times contradict"):
        read(b"\n".join([*lines, canonical(outer)]), "here")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"{}",
        b"[1]",
        b"\x80\x04\x95",
        b"NaN",
        b'{"seal": NaN, "signature": ""}',
        b'{"seal": {"warrant": NaN}, "signature": ""}',
        b"[" * 200_000,
        b'{"seal": {"x": "\\ud800"}, "signature": "y"}',
        b'{"seal": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_no_ledger_is_named(data: bytes) -> None:
    with pytest.raises(LedgerError, match="is no sealed ledger"):
        read(data, "here")


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_named_error(data: bytes) -> None:
    with pytest.raises(LedgerError):
        read(data, "here")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return genuine.ledger(tmp_path_factory.mktemp("whole"), keys.new())


@pytest.mark.parametrize("examples", [200, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_edit_goes_unnoticed(whole: bytes, examples: int) -> None:
    known = read(whole, "here")

    @settings(max_examples=examples, deadline=None)
    @given(st.integers(0, len(whole) - 1), st.integers(0, 40), st.binary(max_size=20))
    def edit(at: int, gone: int, put: bytes) -> None:
        changed = whole[:at] + put + whole[at + gone :]
        try:
            found = read(changed, "here")
        except LedgerError:
            return
        assert found == known  # nothing that it says is another

    edit()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200)
@given(
    st.sampled_from(["warrant", "account", "region", "run", "sealed", "entries", "head", "steps", "schema"]),
    JSON,
)
def test_any_value_in_the_seal_gives_a_named_error(name: str, value: Any) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        data = genuine.ledger(Path(folder), None)
    *lines, last = data.splitlines()
    outer = json.loads(last)
    if outer["seal"][name] == value:
        return
    outer["seal"][name] = value
    text = json.dumps(outer).encode()
    with pytest.raises(LedgerError):
        read(b"\n".join([*lines, text]), "here")


def test_a_chain_knows_when_its_file_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    chain = Chain(path)
    chain.add("login", {"machine": "i-1"})
    chain.add("login", {"machine": "i-2"})
    lines, head = chain.lines()
    assert len(lines) == 2
    path.write_bytes(lines[0] + b"\n")
    with pytest.raises(LedgerError, match="was changed while the sandbox ran"):
        chain.lines()
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert chain.lines() == (lines, head)
    chain.close()
    again = Chain(path)
    assert (again.head, again.count) == (head, 2)
    again.close()


def test_a_commission_goes_through_a_pipe_and_is_shown_nowhere(instructor: Ed25519PrivateKey) -> None:
    made = Commission.issue(instructor, "Ada", "ada")
    again = Commission.from_json(json.loads(json.dumps(made.to_json())))
    assert again == made
    assert made.key not in repr(made)
    other = Commission.issue(instructor, "Ada", "ada")
    with pytest.raises(ValueError):  # noqa: PT011 - a plain one: its caller names it
        Commission.from_json({"warrant": made.warrant.to_json(), "key": other.key})

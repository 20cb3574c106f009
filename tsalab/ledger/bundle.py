"""A sealed ledger as one file: its entries, a line each, and on the last line the signed seal.

Reading one verifies everything that stands in it; whether its issuer is to be trusted is the
reader's to say. What is read is bounded before it is parsed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tsalab.errors import LedgerError, RecordError
from tsalab.ledger import keys
from tsalab.ledger.chain import Entry, read_entries
from tsalab.ledger.warrant import Commission, Warrant, issued_at
from tsalab.messages import say
from tsalab.records import canonical, utc_now

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest bundle that is read; a whole lab's is under one million."""
SCHEMA = 1
StepId = int | str
_PURPOSE = "seal"


@dataclass(frozen=True)
class Looked:
    """What a step's check saw when the ledger was sealed."""

    step: StepId
    passed: bool
    saw: str


@dataclass(frozen=True)
class Bundle:
    """A sealed ledger whose signatures and chain hold.

    Parameters
    ----------
    name
        Where it was found.
    warrant
        Who signed it, for whom, and who says so.
    account, region
        Of the sandbox.
    run
        Nonce of the run that the learner's folder belonged to; empty when there was none.
    sealed
        When.
    steps
        What each check saw then.
    entries
        What happened, oldest first.
    """

    name: str
    warrant: Warrant
    account: str
    region: str
    run: str
    sealed: datetime
    steps: tuple[Looked, ...] = field(repr=False)
    entries: tuple[Entry, ...] = field(repr=False)


def sealed(
    lines: Sequence[bytes],
    head: str,
    commission: Commission,
    *,
    account: str,
    region: str,
    run: str,
    steps: Sequence[Looked],
) -> bytes:
    """Seal a ledger.

    Parameters
    ----------
    lines, head
        The chain.
    commission
        Signs it.
    account, region, run, steps
        As `Bundle` has them.
    """
    seal = {
        "schema": SCHEMA,
        "warrant": commission.warrant.to_json(),
        "account": account,
        "region": region,
        "run": run,
        "sealed": utc_now().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "entries": len(lines),
        "head": head,
        "steps": [{"step": one.step, "passed": one.passed, "saw": one.saw} for one in steps],
    }
    signature = commission.sign(_PURPOSE, canonical(seal))
    last = canonical({"seal": seal, "signature": signature})
    return b"".join(line + b"\n" for line in [*lines, last])


def read(data: bytes, name: str) -> Bundle:
    """Read a sealed ledger and hold it against its signatures.

    Parameters
    ----------
    data
        All of it; at most `LARGEST` bytes.
    name
        Where it was found, for messages.

    Raises
    ------
    LedgerError
        When it is none, or something in it was changed.
    """
    try:
        return _read(data, name)
    except RecursionError as error:
        raise LedgerError.unreadable(name, say("ledger.because.deep")) from error


def _read(data: bytes, name: str) -> Bundle:
    *lines, last = data.splitlines() or [b""]
    try:
        outer = json.loads(last)
        seal, signature = outer["seal"], outer["signature"]
        warrant = Warrant.from_json(seal["warrant"])
        signed = canonical(seal)
        steps = tuple(_looked(one) for one in seal["steps"])
        bundle = Bundle(
            name=name,
            warrant=warrant,
            account=_text(seal["account"]),
            region=_text(seal["region"]),
            run=_text(seal["run"]),
            sealed=_moment(seal["sealed"]),
            steps=steps,
            entries=(),
        )
        begun = issued_at(warrant)
    except (RecordError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise LedgerError.unreadable(name, say("ledger.because.no_seal")) from error
    if not warrant.holds:
        raise LedgerError.forged(name, say("ledger.because.warrant", sandbox=warrant.sandbox))
    if not keys.verifies(warrant.key, _text(signature), _PURPOSE, signed):
        raise LedgerError.forged(name, say("ledger.because.signature", sandbox=warrant.sandbox))
    try:
        entries, head = read_entries(lines)
    except ValueError as error:
        raise LedgerError.forged(name, str(error)) from error
    if head != seal["head"] or len(lines) != seal["entries"]:
        raise LedgerError.forged(name, say("ledger.because.head", have=len(lines), count=seal["entries"]))
    if begun.tzinfo is None or (entries and entries[-1].time > bundle.sealed):
        raise LedgerError.forged(name, say("ledger.because.times"))
    return replace(bundle, entries=tuple(entries))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _looked(value: Any) -> Looked:
    if not isinstance(value, Mapping) or not isinstance(value["passed"], bool):
        raise TypeError
    step = value["step"]
    if isinstance(step, bool) or not isinstance(step, int | str):
        raise TypeError
    return Looked(step, value["passed"], _text(value["saw"]))

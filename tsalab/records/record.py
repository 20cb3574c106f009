"""The step record and its canonical JSON, from which the hash is made.

A record passes through programs that are not ours: a browser that saves the notebook
writes ``2.0`` as ``2`` and loses integers above 2**53. So the canonical form is one
that such a passage keeps: keys sorted, UTF-8, no spaces, whole numbers as integers,
nothing that JavaScript cannot hold (the number rules of RFC 8785, section 3.2.2.3).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, Self

from tsalab.errors import RecordError
from tsalab.messages import say
from tsalab.records.schema import validate

Json = str | int | float | bool | None | list[Any] | dict[str, Any]
Status = Literal["passed", "failed", "not-done"]
Kind = Literal["step", "hint", "reset", "fault"]
Mode = Literal["guided", "challenge"]
Clock = Callable[[], datetime]

SCHEMA = 1
GENESIS = "0" * 64
"""``previous`` of the first record of a journal."""

# What may be a number that its canonical form writes otherwise: whole, with an exponent, or too large.
_OTHERWISE = re.compile(r"[:,\[]-?[0-9.]*(?:\.0(?![0-9])|[eE]|[0-9]{16})")
_SAFE = 2**53 - 1  # the largest integer that JavaScript keeps (Number.MAX_SAFE_INTEGER)


def utc_now() -> datetime:
    """Clock that records use unless a test brings its own."""
    return datetime.now(UTC)


def canonical(value: object) -> bytes:
    """The one byte form of a JSON value.

    Raises
    ------
    RecordError
        For what JSON, or a browser that saves the notebook, cannot hold: NaN, an
        integer beyond 2**53 - 1, half a surrogate pair, a key that is no string.
    """
    text = json.dumps(
        _plain(value, "record"), sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.encode("utf-8")


def parsed_form(value: Mapping[str, Any]) -> bytes:
    """`canonical` of what a JSON parser returned: the same bytes, or the same error, mostly sooner.

    It is an object whose keys are texts, so that only numbers can be written otherwise than they came.
    """
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        if not _OTHERWISE.search(text):
            return text.encode("utf-8")
    except ValueError:  # NaN, or half a surrogate pair: the long way names the place
        pass
    return canonical(value)


def _plain(value: object, place: str) -> Json:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, place)
    if isinstance(value, int | float):
        return _number(value, place)
    if isinstance(value, Mapping):
        return {
            _key(key, place): item if _is_plain(item) else _plain(item, f"{place}.{key}")
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            item if _is_plain(item) else _plain(item, f"{place}[{index}]") for index, item in enumerate(value)
        ]
    raise RecordError.not_json(place, say("record.because.no_json", kind=type(value).__name__))


def _is_plain(value: object) -> bool:
    """Whether a value is as it should be at the first look; graders take thousands of such looks a second."""
    if type(value) is str:
        return value.isascii()
    if type(value) is int:
        return -_SAFE <= value <= _SAFE
    return value is None or value is True or value is False


def _key(key: object, place: str) -> str:
    if type(key) is str and key.isascii():
        return key
    if not isinstance(key, str):
        raise RecordError.not_json(place, say("record.because.key", kind=type(key).__name__))
    return _text(key, place)


def _text(value: str, place: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RecordError.not_json(place, say("record.because.surrogate")) from error
    return str(value)


def _number(value: float, place: str) -> int | float:
    if isinstance(value, float) and not math.isfinite(value):
        raise RecordError.not_json(place, say("record.because.not_finite"))
    if value != int(value):
        return float(value)
    if abs(value) > _SAFE:
        raise RecordError.not_json(place, say("record.because.too_large"))
    return int(value)


def _stamp(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise RecordError.not_json("started/ended", say("record.because.no_zone"))
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Record:
    """What one step did and saw, or what else was done about a step.

    Only a record of kind ``"step"`` is a step's outcome. A hint that was given, a reset
    or a fault that was put in leaves one of another kind, in the same chain.

    Made by `Record.new`; a `Journal` puts it in its chain. Records compare by content.

    Parameters
    ----------
    run
        Nonce of the run it belongs to.
    learner
        Who ran it; empty when nobody said.
    step
        1 to 30, or ``"cleanup-1"`` to ``"cleanup-8"``.
    section, title
        As the course names them.
    status
        ``"passed"``, ``"failed"`` or ``"not-done"``.
    saw, expected, next
        The check's answer, each a sentence.
    facts
        Names, counts and digests that a grader can compare. Never a secret.
    started, ended
        UTC, ISO 8601 with milliseconds and ``Z``.
    seconds
        How long it took.
    previous
        Hash of the record before it in the journal.
    kind
        ``"step"``, ``"hint"``, ``"reset"`` or ``"fault"``. JSON holds it unless it is ``"step"``.
    mode
        ``"guided"`` when the cell did the step, ``"challenge"`` when the learner did and the
        cell only checked. The verdict is the same check's in both. JSON holds it unless it
        is ``"guided"``.
    """

    run: str
    learner: str
    step: int | str
    section: str
    title: str
    status: Status
    saw: str
    expected: str
    next: str
    facts: Mapping[str, Json] = field(repr=False, hash=False)
    started: str
    ended: str
    seconds: float
    previous: str = GENESIS
    schema: int = SCHEMA
    kind: Kind = "step"
    mode: Mode = "guided"

    def __post_init__(self) -> None:
        facts = _plain(self.facts, "facts")
        if not isinstance(facts, dict):
            raise RecordError.not_json("facts", say("record.because.no_facts"))
        object.__setattr__(self, "facts", facts)
        validate(self.to_json(), say("record.place.of_step", step=self.step))

    @classmethod
    def new(
        cls,
        *,
        run: str,
        step: int | str,
        section: str,
        title: str,
        status: Status,
        saw: str,
        expected: str,
        next: str = "",  # noqa: A002 - the field's name in the record
        facts: Mapping[str, Json] | None = None,
        learner: str = "",
        kind: Kind = "step",
        mode: Mode = "guided",
        started: datetime,
        ended: datetime,
    ) -> Self:
        """Make a record that is in no journal yet.

        Parameters
        ----------
        started, ended
            Moments with a time zone, from the clock of the caller. A clock that was set
            back in between counts as no time.

        Raises
        ------
        RecordError
            When a value is no JSON or not as the schema says.
        """
        return cls(
            run=run,
            learner=learner,
            step=step,
            section=section,
            title=title,
            status=status,
            saw=saw,
            expected=expected,
            next=next,
            facts=facts or {},
            started=_stamp(started),
            ended=_stamp(ended),
            seconds=round(max(0.0, (ended - started).total_seconds()), 3),
            kind=kind,
            mode=mode,
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the canonical JSON of every field but itself."""
        return sha256(canonical(self._body())).hexdigest()

    @property
    def is_outcome(self) -> bool:
        """Whether it says how a step ended; a hint, a reset or a fault does not."""
        return self.kind == "step"

    @property
    def passed(self) -> bool:
        """Whether it is a step's outcome and the step's check passed."""
        return self.is_outcome and self.status == "passed"

    def _body(self) -> dict[str, Any]:
        body = {name: getattr(self, name) for name in self.__dataclass_fields__}
        # Left out of the JSON: so a record from before there were kinds and modes keeps its hash.
        if self.is_outcome:
            del body["kind"]
        if self.mode == "guided":
            del body["mode"]
        return body

    def chained(self, previous: str) -> Self:
        """Return the same record, with ``previous`` as the hash before it."""
        return replace(self, previous=previous)

    def to_json(self) -> dict[str, Any]:
        """Every field and the hash, as plain JSON values."""
        body = self._body() | {"hash": self.hash}
        plain = _plain(body, f"step {self.step}")
        assert isinstance(plain, dict)  # noqa: S101 - a mapping becomes a dict
        return plain

    def line(self) -> bytes:
        """The canonical JSON of the whole record, without a line end."""
        return canonical(self.to_json())

    @classmethod
    def from_json(cls, data: object, source: str = "") -> Self:
        """Read a record and hold its hash against its content.

        Parameters
        ----------
        data
            Parsed JSON.
        source
            Where it stood, for messages; "the record" when empty.

        Raises
        ------
        RecordError
            When it is not as the schema says, or its hash is not that of its content.
        """
        source = source or say("record.place.record")
        fields = dict(validate(data, source))
        claimed = fields.pop("hash")
        record = cls._of(fields)
        record.__dict__["hash"] = sha256(parsed_form(record._body())).hexdigest()  # as `hash` would find it
        if record.hash != claimed:
            raise RecordError.altered(source, record.step)
        return record

    @classmethod
    def _of(cls, fields: Mapping[str, Any]) -> Self:
        """A record of fields that the schema has let pass; it is not asked twice: graders read many."""
        record = object.__new__(cls)
        for name, field_ in cls.__dataclass_fields__.items():
            object.__setattr__(record, name, fields.get(name, field_.default))
        return record

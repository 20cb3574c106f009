"""A submission held against itself and against the shipped notebook: records, chain, cells, times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tsalab.errors import RecordError
from tsalab.grade.doubts import Doubt
from tsalab.grade.reading import Source, Submission, parsed
from tsalab.grade.shipped import Shipped, StepId, cell_of
from tsalab.records import GENESIS, Record
from tsalab.records.notebook import MIMETYPE
from tsalab.records.schema import validate

PARAMETERS_MARK = "# Parameters"  # how the cell begins that papermill adds
_UNNAMED = "record"  # in messages that nobody sees
_SLACK = timedelta(seconds=2)  # clocks are set a little, and times are rounded


@dataclass(frozen=True)
class Examined:
    """What a submission says, and what speaks against it.

    Parameters
    ----------
    name
        Where it was found.
    learner
        Who its records say did it; without records, who its parameters name; else empty.
    run
        Nonce of its run; empty likewise.
    outcomes
        The last outcome of each step, by number.
    others
        Hints, resets and faults.
    doubts
        What is not as in a notebook that was simply run.
    unreadable
        Why nothing could be read; empty when it could.
    source
        Where the notebook lies, and what was handed in beside it.
    """

    name: str
    learner: str = ""
    run: str = ""
    outcomes: Mapping[StepId, Record] = field(default_factory=dict, repr=False)
    others: tuple[Record, ...] = field(default=(), repr=False)
    doubts: tuple[Doubt, ...] = ()
    unreadable: str = ""
    source: Source | None = None

    @property
    def accounts(self) -> frozenset[tuple[str, str]]:
        """Accounts and regions that its records name."""
        facts = [record.facts for record in self.outcomes.values() if "account" in record.facts]
        return frozenset((str(one["account"]), str(one.get("region", ""))) for one in facts)


@dataclass(frozen=True)
class _Cell:
    id: str
    source: str
    outputs: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class _Found:
    """A record, where it stood, and the text beside it."""

    cell: str
    record: Record
    text: str


def examine(submission: Submission, shipped: Shipped, *, now: datetime | None = None) -> Examined:
    """Examine one submission. Executes nothing, and raises nothing for whatever was handed in.

    Parameters
    ----------
    submission
        As it was read.
    shipped
        The notebook that it should be a run of.
    now
        The present; the clock's when None.
    """
    if submission.notebook is None:
        return Examined(submission.name, unreadable=submission.unreadable, source=submission.source)
    cells = list(_cells(submission.notebook))
    doubts = list(_cell_doubts(cells, shipped))
    if submission.doubled is not None:
        doubts.append(Doubt("name_twice", None, submission.doubled))
    found, bad = _records(cells)
    doubts += bad
    doubts += _stray(found)
    records = [one.record for one in found]
    journal, bad = _journal(submission.journal)
    doubts += bad
    doubts += _identities(records)
    doubts += _times(records, now or datetime.now(UTC))
    doubts += _chain(records, journal)
    outcomes: dict[StepId, Record] = {}
    for record in sorted((each for each in records if each.is_outcome), key=lambda each: each.ended):
        outcomes[record.step] = record
    doubts += _absent(outcomes, doubts, shipped)
    kept = {record.hash: record for record in [*journal, *records] if not record.is_outcome}
    learner = _usual(record.learner for record in records) or _parameter(cells, "learner")
    run = _usual(record.run for record in records)
    return Examined(
        submission.name,
        learner,
        run,
        outcomes,
        tuple(kept.values()),
        tuple(dict.fromkeys(doubts)),
        source=submission.source,
    )


def _usual(values: Iterator[str]) -> str:
    found = Counter(values).most_common(1)
    return found[0][0] if found else ""


def _parameter(cells: Sequence[_Cell], name: str) -> str:
    """What a notebook without records was given for a parameter; empty when it kept the shipped value."""
    given = [
        found[1]
        for cell in cells
        for found in re.finditer(rf'^{name} = "([^"\\\n]{{1,100}})"', cell.source, re.MULTILINE)
        if cell.source.lstrip().startswith(PARAMETERS_MARK) or cell.id == "parameters"
    ]
    return given[-1] if given and given[-1] != name else ""


def _cells(notebook: Mapping[str, Any]) -> Iterator[_Cell]:
    """Code cells, whatever the JSON holds in their place."""
    for cell in notebook["cells"]:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        outputs = cell.get("outputs")
        rows = [row for row in outputs if isinstance(row, dict)] if isinstance(outputs, list) else []
        yield _Cell(str(cell.get("id", "")), _text(cell.get("source")), tuple(rows))


def _text(value: Any) -> str:
    """Text of a multiline string of nbformat."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _step_of(cell: str) -> StepId | None:
    word = cell.removeprefix("step-")
    if word != cell and word.isdecimal() and len(word) < 4:
        return int(word)
    return cell if cell.startswith("cleanup-") else None


def _cell_doubts(cells: Sequence[_Cell], shipped: Shipped) -> Iterator[Doubt]:
    ids = [cell.id for cell in cells]
    for name, count in Counter(ids).items():
        if count > 1 and name in shipped.sources:
            yield Doubt("cell_twice", _step_of(name), name)
    for name in shipped.sources:
        if name not in ids:
            yield Doubt("cell_missing", _step_of(name), name)
    for cell in cells:
        wanted = shipped.sources.get(cell.id)
        if wanted is not None and cell.source.strip() != wanted.strip():
            yield Doubt("source_changed", _step_of(cell.id), cell.id)
    known = list(dict.fromkeys(name for name in ids if name in shipped.sources))
    if known != [name for name in shipped.sources if name in set(known)]:
        yield Doubt("reordered")


def _records(cells: Sequence[_Cell]) -> tuple[list[_Found], list[Doubt]]:
    found: list[_Found] = []
    doubts: list[Doubt] = []
    for cell in cells:
        for output in cell.outputs:
            bundle = output.get("data")
            if not isinstance(bundle, dict) or bundle.get(MIMETYPE) is None:
                continue
            data = bundle[MIMETYPE]
            record, kind = _record(data)
            if record is None:
                step = data.get("step") if isinstance(data, dict) else None
                step = step if isinstance(step, int | str) else _step_of(cell.id)
                doubts.append(Doubt(kind, step, cell.id))
                continue
            found.append(_Found(cell.id, record, _text(bundle.get("text/plain"))))
    return found, doubts


def _record(data: object) -> tuple[Record | None, str]:
    """A record, or what is wrong with it."""
    try:
        record = Record.from_json(data, _UNNAMED)
    except (RecordError, RecursionError):
        return None, "altered" if _is_formed(data) else "malformed"
    try:  # the schema knows how a moment is written, and not that there is no 31st of June
        _moment(record.started), _moment(record.ended)
    except ValueError:
        return None, "malformed"
    return record, ""


def _is_formed(data: object) -> bool:
    try:
        validate(data, "")
    except (RecordError, RecursionError):
        return False
    return True


def _stray(found: Sequence[_Found]) -> Iterator[Doubt]:
    for one in found:
        record = one.record
        if not record.is_outcome:
            continue
        if one.cell != cell_of(record.step):
            yield Doubt("other_cell", record.step, one.cell)
        if record.saw and " ".join(record.saw.split()) not in " ".join(one.text.split()):
            yield Doubt("text_differs", record.step, one.cell)


def _identities(records: Sequence[Record]) -> Iterator[Doubt]:
    for kind, name in (("other_learner", "learner"), ("other_run", "run")):
        usual = _usual(getattr(record, name) for record in records)
        for record in records:
            if getattr(record, name) != usual:
                yield Doubt(kind, record.step, str(getattr(record, name)))
    places = {
        f"{record.facts['account']} {record.facts.get('region', '')}".strip()
        for record in records
        if "account" in record.facts
    }
    if len(places) > 1:
        yield Doubt("other_account", None, ", ".join(sorted(places)))


def _times(records: Sequence[Record], now: datetime) -> Iterator[Doubt]:
    for record in records:
        began, ended = _moment(record.started), _moment(record.ended)
        between = (ended - began).total_seconds()
        wrong = between < 0 or abs(between - record.seconds) > _SLACK.total_seconds()
        if wrong or ended > now + timedelta(days=1):
            yield Doubt("clock", record.step, record.ended)


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def _journal(lines: Sequence[bytes] | None) -> tuple[list[Record], list[Doubt]]:
    """Records of the journal that was handed in, as far as its chain holds."""
    records: list[Record] = []
    previous = GENESIS
    for number, line in enumerate(lines or (), start=1):
        try:
            data, doubled = parsed(line)
            record = None if doubled else _record(data)[0]
        except (ValueError, RecursionError):
            record = None
        if record is None or record.previous != previous:
            return records, [Doubt("journal_broken", None, str(number))]
        records.append(record)
        previous = record.hash
    return records, []


def _chain(records: Sequence[Record], journal: Sequence[Record]) -> Iterator[Doubt]:
    """Whether all records stand in one chain from its first link on, and their times go forward along it."""
    known = {record.hash: record for record in [*journal, *records]}
    followers = Counter(record.previous for record in known.values())
    if any(count > 1 for count in followers.values()):
        yield Doubt("chain_broken")
        return
    gaps = [
        record for record in known.values() if record.previous not in known and record.previous != GENESIS
    ]
    for record in known.values():
        before = known.get(record.previous)
        if before is not None and _moment(before.ended) - _moment(record.started) > _SLACK:
            yield Doubt("clock", record.step, record.started)
    if gaps or (records and GENESIS not in followers):
        yield Doubt("chain_incomplete", None, ", ".join(str(record.step) for record in gaps[:5]))


def _absent(outcomes: Mapping[StepId, Record], doubts: Sequence[Doubt], shipped: Shipped) -> Iterator[Doubt]:
    told = {doubt.step for doubt in doubts if doubt.kind in ("altered", "malformed")}
    for step in shipped.steps:
        if step not in outcomes and step not in told:
            yield Doubt("no_record", step)

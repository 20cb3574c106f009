"""Tier 2: what a sandbox's ledger says, signed by a key that the grader's own trust vouches for.

A ledger says what the lab's checks saw on the real state, outside the learner's kernel. So it
speaks for whoever did the lab by hand as for one who ran the cells, and nothing in the
notebook counts for or against it. Only the last line of each is read to know whose it is;
the whole is verified when its learner is graded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from tsalab.errors import GradeError, LedgerError
from tsalab.grade.anchors import became_true
from tsalab.grade.evidence import Evidence
from tsalab.grade.examining import Examined
from tsalab.grade.shipped import StepId
from tsalab.grade.twice import NOBODY
from tsalab.ledger import LARGEST, Bundle, Warrant, read
from tsalab.messages import say

NAME = "ledger.jsonl"
TIER = 2
_SLACK = timedelta(minutes=1)  # two clocks of one machine differ by less
_FIRST = 1 << 16  # bytes from the end that are looked at first; a whole lab's last line has 8,000


@dataclass(frozen=True)
class Ledgers:
    """A witness that has the class's ledgers.

    Parameters
    ----------
    by_learner
        Files whose last line says that they are that learner's.
    trusted
        Public keys of those whose warrants count.
    """

    by_learner: Mapping[str, tuple[Path, ...]] = field(repr=False)
    trusted: frozenset[str]

    def of(self, examined: Examined) -> dict[StepId, Evidence]:
        """What the learner's ledger says of each step.

        Raises
        ------
        GradeError
            When there are ledgers that should speak here, and none of them may; it says why.
        """
        refused: list[str] = []
        good: list[Bundle] = []
        for path in self._candidates(examined):
            try:
                bundle = _verified(path)
                self._admit(bundle, examined)
            except (LedgerError, GradeError) as error:
                refused.append(f"{error.what} {error.why}")
            else:
                good.append(bundle)
        if not good:
            if refused:
                raise GradeError.no_ledger(refused)
            return {}
        last = max(good, key=lambda one: one.sealed)
        return dict(_evidence(last, examined))

    def named(self, examined: Examined) -> Examined:
        """The same, with the learner of the ledger beside it where the notebook names none."""
        beside = _beside(examined)
        if examined.learner not in NOBODY or beside is None:
            return examined
        return replace(examined, learner=_claimed(beside) or examined.learner)

    def alone(self, paths: Iterable[Path], seen: Collection[str]) -> Iterator[Examined]:
        """Learners of whom only a ledger was handed in.

        Parameters
        ----------
        paths
            What was handed in.
        seen
            Learners of whom there is a notebook.
        """
        roots = [path.resolve() for path in paths]
        for learner, files in sorted(self.by_learner.items()):
            for file in files[:1] if learner not in seen else ():
                if any(file.resolve().is_relative_to(root) for root in roots):
                    yield Examined(str(file), learner)

    def _candidates(self, examined: Examined) -> list[Path]:
        beside = _beside(examined)
        found = [*self.by_learner.get(examined.learner, ()), *([beside] if beside else [])]
        return list({path.resolve(): path for path in found}.values())

    def _admit(self, bundle: Bundle, examined: Examined) -> None:
        """Refuse a ledger that nobody trusted vouches for, or that is about something else."""
        warrant = bundle.warrant
        if warrant.issuer not in self.trusted:
            raise GradeError.untrusted_ledger(bundle.name, warrant.issuer, own=warrant.own)
        if warrant.learner != examined.learner:
            raise GradeError.ledger_of_another(bundle.name, warrant.learner, examined.learner)
        accounts = sorted({account for account, _ in examined.accounts})
        if accounts and accounts != [bundle.account]:
            claimed = ", ".join(accounts)
            raise GradeError.other_sandbox(bundle.name, warrant.sandbox, bundle.account, claimed)
        if examined.run and bundle.run and examined.run != bundle.run:
            raise GradeError.ledger_of_other_run(bundle.name, bundle.run, examined.run)


def find(paths: Sequence[Path], trusted: Iterable[str]) -> Ledgers:
    """Find ledgers; of a folder, every ``ledger.jsonl`` below it.

    Parameters
    ----------
    paths
        Files and folders.
    trusted
        Public keys, as `tsalab.ledger.keys.read_public` gives them.

    Raises
    ------
    GradeError
        When there is none.
    """
    found: dict[str, list[Path]] = {}
    for path in paths:
        for file in sorted(path.rglob(NAME)) if path.is_dir() else [path]:
            if file.is_file():
                found.setdefault(_claimed(file), []).append(file)
    if not found:
        raise GradeError.no_ledgers(", ".join(map(str, paths)))
    return Ledgers({name: tuple(files) for name, files in found.items()}, frozenset(trusted))


def _beside(examined: Examined) -> Path | None:
    """A ledger that lies in the notebook's folder."""
    source = examined.source
    if source is None or source.member:
        return None
    beside = source.path.with_name(NAME)
    return beside if beside.is_file() else None


def _claimed(path: Path) -> str:
    """Whose a ledger says that it is; empty when its last line says nothing of the kind."""
    try:
        return Warrant.from_json(json.loads(_last_line(path))["seal"]["warrant"]).learner
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""


def _last_line(path: Path) -> bytes:
    """The last line, read from the end; empty of a file that is larger than a ledger may be."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size > LARGEST:
            return b""
        length = _FIRST
        while True:
            file.seek(max(0, size - length))
            _, newline, line = file.read().rstrip(b"\n").rpartition(b"\n")
            if newline or length >= size:
                return line
            length *= 8


def _verified(path: Path) -> Bundle:
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise LedgerError.unreadable(name, error.strerror or str(error)) from error
    if len(data) > LARGEST:
        raise LedgerError.unreadable(name, say("grade.unreadable.large", megabytes=LARGEST // 1024**2))
    return read(data, name)


def _evidence(bundle: Bundle, examined: Examined) -> Iterator[tuple[StepId, Evidence]]:
    began = bundle.entries[0].time if bundle.entries else bundle.sealed
    since = became_true(bundle)
    for one in bundle.steps:
        kind = "passed" if one.passed else "not_passed"
        words = say(f"grade.ledger.{kind}", saw=one.saw, sealed=f"{bundle.sealed:%Y-%m-%d %H:%M} UTC")
        record = examined.outcomes.get(one.step)
        if record and not _within(record.started, record.ended, began, bundle.sealed):
            words = f"{words} {say('grade.ledger_times', started=record.started, ended=record.ended)}"
        yield one.step, Evidence(TIER, one.passed, words, since.get(one.step))


def _within(started: str, ended: str, began: datetime, sealed: datetime) -> bool:
    first, last = datetime.fromisoformat(started), datetime.fromisoformat(ended)
    return first >= began - _SLACK and last <= sealed + _SLACK

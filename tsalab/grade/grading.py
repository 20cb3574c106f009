"""A class's submissions graded, one after another or on all processors; results as they come."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from tsalab.errors import GradeError
from tsalab.grade.doubts import Doubt
from tsalab.grade.evidence import Knowing, Witness
from tsalab.grade.examining import Examined, examine
from tsalab.grade.reading import Source, Submission, find, kept, read
from tsalab.grade.rubric import Rubric
from tsalab.grade.shipped import shipped
from tsalab.grade.twice import Claims, claims, shared, whose
from tsalab.grade.verdict import Verdict, judge

_FEW = 40  # up to here a second process costs more than it saves
_CHUNK = 16
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


def grade(
    paths: Iterable[Path], rubric: Rubric, witnesses: Sequence[Witness] = (), *, workers: int = 0
) -> Iterator[Verdict]:
    """Grade everything that was handed in; nothing of it is executed.

    Parameters
    ----------
    paths
        Notebooks, folders and archives.
    rubric
        What they are held against.
    witnesses
        Evidence from elsewhere.
    workers
        Processes; as many as there are processors when 0, and one for a few notebooks.

    Yields
    ------
    Verdict
        In the order in which the submissions were found; only a few are held at a time.

    Raises
    ------
    GradeError
        When there is nothing to grade.
    """
    given = list(paths)
    found = list(find(given))
    seen: set[str] = set()
    task = _Task(rubric, tuple(witnesses))
    with _hands(len(found), workers or os.cpu_count() or 1) as hands:
        twice = shared(found, hands(task.claims, found), lambda suspects: hands(task.whose, suspects))
        for verdict in hands(task.verdict, [(one, twice.get(place)) for place, one in enumerate(found)]):
            seen.add(verdict.learner)
            yield verdict
    alone = False
    for examined in _alone(witnesses, given, seen):
        alone = True
        yield judge(examined, rubric, witnesses)
    if not found and not alone:
        raise GradeError.nothing_found(", ".join(map(str, given)))


def _alone(witnesses: Iterable[Witness], paths: Sequence[Path], seen: set[str]) -> Iterator[Examined]:
    """Whoever handed in no notebook, and is known all the same."""
    for witness in witnesses:
        if isinstance(witness, Knowing):
            for examined in witness.alone(paths, frozenset(seen)):
                seen.add(examined.learner)
                yield examined


@dataclass(frozen=True)
class _Task:
    """What is done with each submission, here or in another process."""

    rubric: Rubric
    witnesses: tuple[Witness, ...]

    def claims(self, found: Source | Submission) -> Claims:
        return claims(found, shipped(self.rubric.notebook))

    def whose(self, found: Source | Submission) -> tuple[str, str]:
        return whose(found, shipped(self.rubric.notebook))

    def verdict(self, one: tuple[Source | Submission, Doubt | None]) -> Verdict:
        found, doubt = one
        submission = found if isinstance(found, Submission) else read(found)
        examined = examine(submission, shipped(self.rubric.notebook))
        if doubt is not None:
            examined = replace(examined, doubts=(doubt, *examined.doubts))
        for witness in self.witnesses:
            if isinstance(witness, Knowing):
                examined = witness.named(examined)
        return judge(examined, self.rubric, self.witnesses)


class _Hands(Protocol):
    """Does one thing with each of many, in their order; only a few results are held at a time."""

    def __call__(self, work: Callable[[_Given], _Made], given: Sequence[_Given], /) -> Iterator[_Made]: ...


@contextmanager
def _hands(count: int, workers: int) -> Iterator[_Hands]:
    if workers == 1 or count <= _FEW:
        yield lambda work, given: map(work, given)
        return
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:

        def hands(work: Callable[[_Given], _Made], given: Sequence[_Given]) -> Iterator[_Made]:
            waiting: deque[Future[list[_Made]]] = deque()
            for start in range(0, len(given), _CHUNK):
                waiting.append(pool.submit(_several, work, given[start : start + _CHUNK]))
                if len(waiting) > 2 * workers:  # so that results do not pile up where nobody takes them
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()

        yield hands


def _several(work: Callable[[_Given], _Made], given: Sequence[_Given]) -> list[_Made]:
    with kept():
        return [work(one) for one in given]

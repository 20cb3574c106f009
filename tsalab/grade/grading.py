"""A class's submissions graded, one after another or on all processors; results as they come."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from tsalab.errors import GradeError
from tsalab.grade.evidence import Witness
from tsalab.grade.examining import examine
from tsalab.grade.reading import Source, Submission, find, read
from tsalab.grade.rubric import Rubric
from tsalab.grade.shipped import shipped
from tsalab.grade.verdict import Verdict, also_in, judge

_FEW = 40  # up to here a second process costs more than it saves
_CHUNK = 16


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
    runs: dict[str, tuple[str, str]] = {}
    empty = True
    for verdict in _verdicts(list(find(paths)), rubric, tuple(witnesses), workers or os.cpu_count() or 1):
        empty = False
        name, learner = runs.setdefault(verdict.run, (verdict.name, verdict.learner))
        twice = verdict.run and (name, learner) != (verdict.name, verdict.learner)
        yield also_in(verdict, name, rubric) if twice else verdict
    if empty:
        raise GradeError.nothing_found(", ".join(map(str, paths)))


def _verdicts(
    found: Sequence[Source | Submission], rubric: Rubric, witnesses: tuple[Witness, ...], workers: int
) -> Iterator[Verdict]:
    if workers == 1 or len(found) <= _FEW:
        for one in found:
            yield _one(one, rubric, witnesses)
        return
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting: deque[Future[list[Verdict]]] = deque()
        for start in range(0, len(found), _CHUNK):
            waiting.append(pool.submit(_several, found[start : start + _CHUNK], rubric, witnesses))
            if len(waiting) > 2 * workers:  # so that verdicts do not pile up where nobody takes them
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _several(
    found: Sequence[Source | Submission], rubric: Rubric, witnesses: tuple[Witness, ...]
) -> list[Verdict]:
    return [_one(one, rubric, witnesses) for one in found]


def _one(found: Source | Submission, rubric: Rubric, witnesses: tuple[Witness, ...]) -> Verdict:
    submission = found if isinstance(found, Submission) else read(found)
    return judge(examine(submission, shipped(rubric.notebook)), rubric, witnesses)

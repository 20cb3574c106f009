"""Work that was handed in under two names: found before anything is judged.

Which of them is the copy cannot be known from the notebooks, so each has to be told, the first
one too; and verdicts are handed on as they come. So the submissions are gone through once before,
for their runs alone: by their bytes, which costs a small part of reading them. Where one run
stands in several, and not all of them are one person's, these are examined.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from tsalab import parameters
from tsalab.grade.doubts import Doubt
from tsalab.grade.examining import examine
from tsalab.grade.reading import Source, Submission, content, read
from tsalab.grade.shipped import Shipped

# Who is called so gave no name: two of them need not be one.
NOBODY = frozenset(
    {"", *(parameter.default for parameter in parameters.PARAMETERS if parameter.name == "learner")}
)
_RUN, _LEARNER = b'"run"', b'"learner"'
_NEAR = 20_000  # bytes between the two; a record's are fewer, or else it is looked at more closely
_VALUE = re.compile(rb'\s*:\s*"((?:[^"\\]|\\.){0,1200})"')
# A letter or digit that is written by its number: no program writes records so.
_SPELT = re.compile(rb"\\u00[2-7]")
_MOST = 20  # runs or learners in one notebook; a genuine one has one of each
_SHOWN = 3


@dataclass(frozen=True)
class Claims:
    """Whose runs a submission says that it holds, by its text; more than are its own, never fewer.

    Parameters
    ----------
    runs, learners
        As they are written.
    """

    runs: frozenset[bytes] = frozenset()
    learners: frozenset[bytes] = frozenset()


def claims(found: Source | Submission, shipped: Shipped) -> Claims:
    """Read a submission for its runs and learners alone; none of one that cannot be read."""
    data = content(found) if isinstance(found, Source) else None
    if data is None:
        return Claims()
    if b"\\u00" in data and _SPELT.search(data):
        try:
            data = json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "replace")
        except (ValueError, RecursionError):
            return Claims()
    runs, learners = set(), set()
    for run, learner in _pairs(data):
        runs.add(run)
        learners.add(learner)
    if max(len(runs), len(learners)) > _MOST:  # made to fill the memory: its own are enough
        run, learner = (name.encode("utf-8", "replace") for name in whose(found, shipped))
        return Claims(frozenset({run}), frozenset({learner}))
    return Claims(frozenset(runs), frozenset(learners))


def _pairs(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each run, and the learner beside it: the same record names both. Empty where there is none near."""
    at = data.find(_RUN)
    while at >= 0:
        if run := _VALUE.match(data, at + len(_RUN)):
            near = data.find(_LEARNER, max(0, at - _NEAR), at + _NEAR)
            learner = _VALUE.match(data, near + len(_LEARNER)) if near >= 0 else None
            yield run[1], learner[1] if learner else b""
        at = data.find(_RUN, at + 1)


def whose(found: Source | Submission, shipped: Shipped) -> tuple[str, str]:
    """Run and learner of a submission, both as most of its records have them."""
    examined = examine(found if isinstance(found, Submission) else read(found), shipped)
    return examined.run, examined.learner


Each = Callable[[Sequence[Source | Submission]], Iterable[tuple[str, str]]]
"""Says `whose` each of several submissions is."""


def shared(
    found: Sequence[Source | Submission], claimed: Iterable[Claims], each: Each
) -> Mapping[int, Doubt]:
    """Which submissions hold a run that somebody else handed in too.

    Parameters
    ----------
    found
        All submissions.
    claimed
        The `claims` of each, in the same order.
    each
        Asked for those whose claims meet.

    Returns
    -------
    Mapping
        By their place in ``found``, the doubt that is due to each; it names the others.
    """
    suspects = sorted(_suspects(claimed))
    people: dict[str, dict[int, str]] = defaultdict(dict)
    for place, (run, learner) in zip(suspects, each([found[place] for place in suspects]), strict=True):
        if run:
            people[run][place] = learner
    doubts: dict[int, Doubt] = {}
    for group in people.values():
        if len(group) == 1 or _one_person(group.values()):
            continue
        for place, learner in group.items():
            others = (
                other for other in group if other != place and (learner in NOBODY or group[other] != learner)
            )
            named = [f"{group[other]} ({found[other].name})" for other in islice(others, _SHOWN)]
            named += ["…"] * (next(others, None) is not None)
            doubts[place] = Doubt("shared_run", None, ", ".join(named))
    return doubts


def _one_person(learners: Iterable[str]) -> bool:
    names = set(learners)
    return len(names) == 1 and not names & NOBODY


def _suspects(claimed: Iterable[Claims]) -> Iterator[int]:
    """Places of the submissions that name a run which others name too, unless all name one learner alone."""
    places: dict[bytes, list[int]] = defaultdict(list)
    learners: dict[bytes, set[bytes]] = defaultdict(set)
    for place, claim in enumerate(claimed):
        for run in claim.runs:
            places[run].append(place)
            learners[run] |= claim.learners
    nobody = {name.encode() for name in NOBODY}
    met = (run for run, where in places.items() if len(where) > 1)
    yield from {
        place for run in met if len(learners[run]) > 1 or learners[run] & nobody for place in places[run]
    }

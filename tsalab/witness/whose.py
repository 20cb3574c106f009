"""Which profile looks at which learner's account: the grader says it, never the notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tsalab import profiles
from tsalab.errors import GradeError
from tsalab.grade.exports.people import Person
from tsalab.grade.reading import find

PLACE = "{learner}"


@dataclass(frozen=True)
class Whose:
    """Profiles by learner.

    Parameters
    ----------
    pattern
        A profile's name; ``{learner}`` in it stands for the learner's name.
    listed
        Profiles of single learners, which count before the pattern.
    """

    pattern: str = ""
    listed: Mapping[str, str] = field(default_factory=dict)

    @property
    def for_one(self) -> bool:
        """Whether there is one profile for whatever is handed in."""
        return bool(self.pattern) and PLACE not in self.pattern and not self.listed

    def of(self, learner: str) -> str:
        """A learner's profile.

        The name comes from a notebook. So it has to be one that is known already: a name
        that leads to another folder, where a file may lie that was handed in, is none.

        Parameters
        ----------
        learner
            By the records; empty when nobody is named.

        Raises
        ------
        GradeError
            When there is none.
        """
        if self.for_one:
            return self.pattern
        name = self.listed.get(learner) or self._by_pattern(learner)
        if not name or name not in profiles.known():
            raise GradeError.no_profile(learner, name)
        return name

    def _by_pattern(self, learner: str) -> str:
        return self.pattern.replace(PLACE, learner) if learner else ""

    def twice(self) -> Iterator[tuple[str, str]]:
        """Profiles that are listed for two learners, with the second."""
        seen: set[str] = set()
        for learner, profile in self.listed.items():
            if profile in seen:
                yield profile, learner
            seen.add(profile)


def whose(paths: Sequence[Path], profile: str, people: Mapping[str, Person]) -> Whose:
    """The profiles for what was handed in.

    Parameters
    ----------
    paths
        What was handed in.
    profile
        Name or pattern of the profiles; empty when the roster names them all.
    people
        From the roster; those with a profile of their own have it there.

    Raises
    ------
    GradeError
        When one account would have to speak for several learners, or there is none.
    """
    listed = {name: person.profile for name, person in people.items() if person.profile}
    found = Whose(profile, listed)
    if not profile and not listed:
        raise GradeError.no_profiles()
    for twice, learner in found.twice():
        raise GradeError.profile_twice(twice, learner)
    if found.for_one and (count := sum(1 for _ in find(paths))) > 1:
        raise GradeError.one_profile(profile, count)
    return found

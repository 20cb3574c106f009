"""A class's grades in a notebook's hand: read, judged, shown and handed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tsalab.grade import Rubric, Verdict, Witness, exports, find_ledgers, grade, read_rubric
from tsalab.grade.exports.people import Person, read_people
from tsalab.ledger import keys
from tsalab.messages import say
from tsalab.show import Part, note, pairs
from tsalab.show.grades import of_class, of_learner
from tsalab.witness import Live, whose
from tsalab.witness.trail import heard_from

FILES = {
    "csv": "grades.csv",
    "canvas": "canvas.csv",
    "moodle": "moodle.csv",
    "ags": "scores.jsonl",
    "junit": "junit.xml",
    "html": "pages",
}


@dataclass(frozen=True)
class Shown:
    """Something that a notebook shows: HTML that lives through its sanitizer, and the same as text."""

    part: Part

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": _clean(self.part.text), "text/html": _clean(self.part.html)}


def _clean(text: str) -> str:
    """Without halves of characters, which no notebook could save."""
    return text.encode("utf-8", "replace").decode("utf-8")


@dataclass(frozen=True)
class Gradebook:
    """What a class got.

    Parameters
    ----------
    rubric
        What it was held against.
    verdicts
        In the order in which the submissions were found.
    people
        Who the learners are to a gradebook.
    """

    rubric: Rubric
    verdicts: Sequence[Verdict] = field(repr=False)
    people: Mapping[str, Person] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        submissions: str | Path,
        *,
        rubric: str | Path = "",
        roster: str | Path = "",
        profile: str = "",
        bootstrap: str = "",
        trail: str = "",
        trust: str = "",
    ) -> Gradebook:
        """Grade a folder, a notebook or a zip; nothing of it is run.

        Parameters
        ----------
        submissions
            What was handed in.
        rubric
            A YAML file; the default rubric when empty.
        roster
            A CSV file with the learners' ids for the gradebooks, and profiles; none when empty.
        profile
            With which the learners' accounts are looked at (tier 3), ``{learner}`` for each one's
            name; nobody looks when it is empty.
        bootstrap
            Name of lab 1's stack, where it is not the usual one.
        trail
            CloudTrail (tier 4): its files, or a profile as above; none when empty.
        trust
            Public key, or its file, of whoever started the sandboxes: ledgers that it vouches for
            and that lie among the submissions count (tier 2); none when empty.

        Raises
        ------
        GradeError
            When something that grading goes by cannot be used, or there is nothing to grade.
        """
        read = read_rubric(Path(rubric) if rubric else None)
        people = read_people(Path(roster)) if roster else {}
        paths = [Path(submissions).expanduser()]
        witnesses: list[Witness] = []
        if trust:
            witnesses.append(find_ledgers(paths, [keys.read_public(trust)]))
        if profile:
            witnesses.append(Live(whose(paths, profile, people), tuple(read.points), bootstrap))
        if trail:
            witnesses.append(heard_from(trail, paths, tuple(read.points), people))
        found = grade(paths, read, witnesses, workers=1 if profile or trail else 0)
        return cls(read, tuple(found), people)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return Shown(of_class(self.verdicts, self.rubric.title))._repr_mimebundle_()

    def why(self, learner: str = "") -> Shown:
        """What took points: of everybody who lost some, or of one learner with every step.

        Parameters
        ----------
        learner
            One learner's name; everybody when empty.
        """
        if learner:
            parts = [of_learner(one, everything=True) for one in self.verdicts if one.learner == learner]
        else:
            lost = [one for one in self.verdicts if one.unreadable or one.points < one.possible or one.doubts]
            parts = [of_learner(one) for one in lost]
        if not parts:
            parts = [
                note(say("grade.page.nobody", learner=learner) if learner else say("grade.page.nothing_lost"))
            ]
        return Shown(Part("".join(one.html for one in parts), "\n".join(one.text for one in parts)))

    def export(self, folder: str | Path) -> Shown:
        """Write every form in which grades are handed on.

        Parameters
        ----------
        folder
            Where they go; made if it is not there.
        """
        root = Path(folder).expanduser()
        root.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            writers = [stack.enter_context(one) for one in self._writers(root)]
            for verdict in self.verdicts:
                for writer in writers:
                    writer.add(verdict)
        return Shown(pairs({say(f"grade.form.{kind}"): root / name for kind, name in FILES.items()}))

    def _writers(self, root: Path) -> list[Any]:
        return [
            exports.Table(root / FILES["csv"], self.rubric),
            exports.Canvas(root / FILES["canvas"], self.rubric, self.people),
            exports.Moodle(root / FILES["moodle"], self.rubric, self.people),
            exports.Scores(root / FILES["ags"], self.people),
            exports.JUnit(root / FILES["junit"]),
            exports.Pages(root / FILES["html"], self.rubric),
        ]

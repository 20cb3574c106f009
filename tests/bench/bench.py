"""Time of the sandbox and of the lab, beside the floor that the same machine sets in the same run.

Rounds are interleaved, figures are medians, and every ratio is against its baseline of the
same round. Usage: ``python tests/bench/bench.py [--rounds N] [--only PART …]``; figures also
go to ``build/bench.json``. Modules beside this one measure a part each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import classes
import cutting_over
import grades
import reexecution
import yaml
from floor import floor
from going_back import AIM, going_back
from migration import table
from migration.contestants import CONTESTANTS
from migration.rounds import DATABASES, FLOOR, TARGETS, Race, Rounds
from ours import ours, sandbox, tsalab
from timing import timed
from widgets import widgets

from tsalab import resources
from tsalab.template import Template

BUILD = Path("build")


@dataclass
class Figure:
    """One figure, a value a round.

    Parameters
    ----------
    name
        What was measured.
    values, baselines
        In the figure's unit; no baselines where it is one itself.
    against
        What the baseline is, for people.
    unit
        Of the values and baselines.
    """

    name: str
    values: list[float] = field(default_factory=list)
    baselines: list[float] = field(default_factory=list)
    against: str = ""
    unit: str = "s"

    def row(self) -> dict[str, object]:
        """Medians, for the file."""
        pairs = zip(self.values, self.baselines, strict=True) if self.baselines else ()
        ratios = [value / baseline for value, baseline in pairs]
        return {
            "name": self.name,
            "value": round(statistics.median(self.values), 3),
            "unit": self.unit,
            "baseline": round(statistics.median(self.baselines), 3) if self.baselines else None,
            "ratio": round(statistics.median(ratios), 3) if ratios else None,
        }

    def line(self) -> str:
        """The same for people."""
        row = self.row()
        ratio = f"{row['ratio']} × {self.against}" if row["ratio"] else ""
        return f"{self.name:32} {row['value']:8.3f} {self.unit}  {ratio}".rstrip()


class Figures:
    """All of them, in the order they were first measured."""

    def __init__(self) -> None:
        self._known: dict[str, Figure] = {}

    def add(
        self, name: str, value: float, baseline: float | None = None, against: str = "", unit: str = "s"
    ) -> None:
        """Note a value of one round."""
        figure = self._known.setdefault(name, Figure(name, against=against, unit=unit))
        figure.values.append(value)
        if baseline is not None:
            figure.baselines.append(baseline)

    def report(self, rounds: Rounds, *, whole: bool) -> None:
        """Print them and write them to ``build/bench.json``.

        Parameters
        ----------
        rounds
            The migration's own.
        whole
            Whether every part was measured; else what the file has of others stays there.
        """
        BUILD.mkdir(exist_ok=True)
        file = BUILD / "bench.json"
        rows = [*(figure.row() for figure in self._known.values()), *table.rows(rounds)]
        if not whole and file.exists():
            named = {row["name"] for row in rows}
            before = json.loads(file.read_text(encoding="utf-8"))
            rows = [*(row for row in before if row["name"] not in named), *rows]
        file.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for line in (*(figure.line() for figure in self._known.values()), *table.lines(rounds)):
            sys.stdout.write(line + "\n")


def against_the_floor(folder: Path, figures: Figures, number: int) -> None:
    """The floor, and what is ours beside it."""
    (folder / "floor").mkdir()
    parts = floor(folder / "floor")
    found = ours(folder)
    lowest = sum(parts.values())
    for name, value in parts.items():
        figures.add(f"floor: {name}", value)
    figures.add("floor", lowest)
    for name, value in found.items():
        figures.add(name, value, lowest, "the floor")


def editing(folder: Path, figures: Figures, number: int) -> None:
    """An edit of the template with its look and its problems, beside reading the same text as YAML."""
    del folder, number
    text = (resources.templates() / "infra-lab3.yml").read_text(encoding="utf-8")

    def edit() -> None:
        after = Template(text).add("database-cluster")
        after.has("database-cluster")
        after.problems()

    def read() -> None:
        yaml.compose(text, Loader=yaml.SafeLoader)

    figures.add("an edit of the template", timed(edit), timed(read), "PyYAML reading it")


def overhead(folder: Path, figures: Figures, number: int) -> None:
    """The lab with widgets, beside the lab without."""
    off, on = widgets(folder, first=bool(number % 2)).values()
    figures.add("lab, widgets off", off)
    figures.add("lab, widgets on", on, off, "widgets off")


def resets(folder: Path, figures: Figures, number: int) -> None:
    """Back to each section and forward again."""
    for section, (back, forward) in going_back(folder).items():
        figures.add(f"reset: {section}", back, AIM, "the aim")
        figures.add(f"redo: {section}", forward)
        figures.add("reset, all sections", back, AIM, "the aim")


def a_class(folder: Path, figures: Figures, number: int) -> None:
    """Labs an hour, by workers, beside the shell loop; the first round only fills the caches."""
    hourly = "labs/h"
    if not number:
        classes.batch(folder, 1, 1)
        return
    plain = classes.loop(folder)
    figures.add("shell loop of papermill", plain, unit=hourly)
    one = 0.0
    for workers in classes.WORKERS:
        found = classes.batch(folder, workers)
        name = f"batch, {workers} worker{'s' * (workers > 1)}"
        aim = "; aim: 2 x" if workers == classes.CORES else ""
        figures.add(name, found.per_hour, plain, f"the shell loop{aim}", hourly)
        figures.add(f"{name}: start-up", 100 * found.start_up, unit="% of the learners' time")
        if workers == 1:
            one = found.per_hour
        else:
            aim = "; aim: 1.7 x" if workers == classes.CORES else ""
            figures.add(f"{name}, beside one", found.per_hour, one, f"one worker{aim}", hourly)
    figures.add(
        "batch: memory of a learner", classes.megabytes(folder), classes.AIM_MEGABYTES, "the aim", "MB"
    )


def grading(folder: Path, figures: Figures, number: int) -> None:
    """Notebooks a second, the memory of few and of ten times as many; beside nbgrader on the same ten."""
    rate = "notebooks/s"
    with sandbox(folder, {}) as (name, env):
        tsalab("run", "--profile", name, "--learner", "Ada", "--out", "out", env=env, cwd=folder)
        notebook = folder / "out" / "lab4.ipynb"
        ten = [notebook] * reexecution.COPIES
        own = grades.graded(ten, folder / "ten", len(ten))
        again = _reexecuted(notebook, folder, env) if number else None
    if again:
        executes = "nbgrader's autograde, which executes each notebook again"
        figures.add(f"grade: {len(ten)} notebooks", own.per_second, again.per_second, executes, rate)
        figures.add(f"nbgrader: the same {len(ten)}", again.per_second, unit=rate)
        figures.add("nbgrader: of it executing", 100 * again.execution, unit="%")
    each = grades.variants(notebook, folder)
    few = grades.graded(each, folder / "few", grades.FEW)
    many = grades.graded(each, folder / "many", grades.MANY)
    figures.add(f"grade: {grades.FEW} notebooks", few.per_second, 200, "the aim", rate)
    figures.add(f"grade: {grades.MANY} notebooks", many.per_second, 200, "the aim", rate)
    figures.add(f"grade: memory, {grades.FEW}", few.megabytes, unit="MB")
    figures.add(f"grade: memory, {grades.MANY}", many.megabytes, few.megabytes, f"that of {grades.FEW}", "MB")


def cut_overs(folder: Path, figures: Figures, number: int) -> None:
    """What visitors who write miss of a cut-over, beside the original's way; five of each, in one round."""
    if number != 1:
        return
    for cutover, theirs in cutting_over.pairs(folder):
        way = "stop, dump, load, restart"
        figures.add("cut-over: no write for", cutover.outage, theirs.outage, way)
        figures.add("cut-over: no write for, aim", cutover.outage, cutting_over.AIM, "the aim")
        figures.add("cut-over: no page for", cutover.met.outage("read"), theirs.met.outage("read"), way)
        figures.add(
            "cut-over: writes before it", cutting_over.rate(cutover), cutting_over.RATE, "the aim", "writes/s"
        )


def _reexecuted(notebook: Path, folder: Path, env: dict[str, str]) -> reexecution.Reexecuted | None:
    """What nbgrader took; None, and the reason said, where it cannot be installed or does not run."""
    try:
        return reexecution.autograded(notebook, folder / "course", env)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"nbgrader was not measured: {error}\n")
        return None


PARTS: dict[str, Callable[[Path, Figures, int], None]] = {
    "floor": against_the_floor,
    "reset": resets,
    "edit": editing,
    "widgets": overhead,
    "batch": a_class,
    "grade": grading,
    "cutover": cut_overs,
}
MIGRATION = "migration"  # its source and data stay for all rounds
RACES = {race.key: race for race in (Race(*which) for which in product(DATABASES, TARGETS, (False, True)))}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the file."""
    parts = [*PARTS, MIGRATION]
    default = [name for name, race in RACES.items() if race.target == "mariadb"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, metavar="PART")
    parser.add_argument("--megabytes", type=int, default=20, help="text of each database that is moved")
    parser.add_argument(
        "--races", nargs="+", choices=RACES, default=default, metavar="RACE", help=f"of: {', '.join(RACES)}"
    )
    tools = (*CONTESTANTS, FLOOR)
    parser.add_argument(
        "--tools", nargs="+", choices=tools, default=[], metavar="TOOL", help=f"of: {', '.join(tools)}"
    )
    asked = parser.parse_args(argv)
    figures = Figures()
    races = [RACES[name] for name in asked.races]
    with (
        tempfile.TemporaryDirectory(prefix="tsalab-bench-") as ground,
        Rounds(Path(ground), asked.megabytes, races, asked.tools) as rounds,
    ):
        for number in range(asked.rounds + 1):
            into = figures if number else Figures()  # the first round fills the caches
            for part in asked.only:
                if part == MIGRATION:
                    rounds.round(number)
                    continue
                with tempfile.TemporaryDirectory(prefix="tsalab-bench-") as place:
                    PARTS[part](Path(place), into, number)
            if number:
                sys.stderr.write(f"round {number} of {asked.rounds} done\n")
        figures.report(rounds, whole=set(asked.only) == set(parts))
        return 1 if rounds.failed else 0


if __name__ == "__main__":
    sys.exit(main())

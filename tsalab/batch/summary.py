"""What came out of a batch: JSON, CSV and one page.

A cell of the CSV that a spreadsheet would calculate (it begins with ``=``, ``+``, ``-``, ``@``,
a tab or a carriage return) gets an apostrophe before it, as OWASP advises.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsalab.batch import page
from tsalab.batch.board import course_of, sections_of
from tsalab.batch.job import Job, Result
from tsalab.files import replace_bytes
from tsalab.spreadsheets import neutral

NOT_RUN = "not-run"


@dataclass(frozen=True)
class Summary:
    """All learners of a batch and how they fared.

    Parameters
    ----------
    batch
        Its own name.
    jobs
        In the order of the roster.
    results
        By folder; a learner that was not run, or was interrupted, has none.
    """

    batch: str
    jobs: tuple[Job, ...]
    results: Mapping[str, Result]

    @property
    def passed(self) -> int:
        """How many learners passed."""
        return sum(result.passed for result in self.results.values())

    @property
    def complete(self) -> bool:
        """Whether every learner passed."""
        return self.passed == len(self.jobs)

    def rows(self) -> list[dict[str, Any]]:
        """One a learner, in the order of the roster."""
        return [_row(job, self.results.get(job.folder)) for job in self.jobs]

    def write(self, root: Path) -> None:
        """Write ``summary.json``, ``summary.csv`` and ``summary.html``, each in one step."""
        rows = self.rows()
        data = {"schema": 1, "batch": self.batch, "passed": self.passed, "learners": rows}
        text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
        replace_bytes(root / "summary.json", text.encode())
        replace_bytes(root / "summary.csv", _csv(rows).encode())
        replace_bytes(root / "summary.html", page.page(rows).encode())

    def _repr_html_(self) -> str:
        return page.body(self.rows())


def _row(job: Job, result: Result | None) -> dict[str, Any]:
    steps = {number: step.status for number, step in result.steps.items()} if result else {}
    sections = [
        {"title": title, "passed": sum(steps.get(n) == "passed" for n in numbers), "steps": len(numbers)}
        for title, numbers in zip(course_of(job.notebook).sections, sections_of(job.notebook), strict=True)
    ]
    return {
        "learner": job.learner,
        "folder": job.folder,
        "notebook": job.notebook,
        "status": result.status if result else NOT_RUN,
        "reason": result.reason if result else "",
        "passed": sum(section["passed"] for section in sections),
        "of": sum(section["steps"] for section in sections),
        "seconds": result.seconds if result else None,
        "attempts": result.attempts if result else 0,
        "sections": sections,
        "steps": steps,
    }


def _csv(rows: list[dict[str, Any]]) -> str:
    names = ("learner", "status", "passed", "of", "seconds", "attempts", "reason", "folder")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for row in rows:
        writer.writerow([neutral(row[name]) for name in names])
    return text.getvalue()

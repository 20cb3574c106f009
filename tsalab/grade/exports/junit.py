"""Verdicts as a JUnit report: a suite a submission, a case a step. For CI systems."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.sax.saxutils import escape, quoteattr

from tsalab.grade.exports.writing import opened
from tsalab.grade.verdict import Mark, Verdict

_SECONDS = len("2026-11-25T09:00:00")  # of a moment; the schemas know no zone
# What XML 1.0 cannot hold in any spelling.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _plain(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


class JUnit:
    """A report that grows by a suite a verdict. A context manager.

    It holds what the schemas of Ant and of Jenkins's xUnit plugin ask for, also where it is empty.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._count = 0

    def __enter__(self) -> Self:
        self._file = opened(self.path)
        self._file.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.write("</testsuites>\n")
        self._file.close()

    def add(self, verdict: Verdict) -> None:
        """Write a suite."""
        name = _plain(verdict.learner).strip() or _plain(verdict.name)
        failed = sum(mark.points < mark.possible for mark in verdict.marks)
        ended = verdict.finished[:_SECONDS] or datetime.now(UTC).isoformat()[:_SECONDS]
        counts = f'tests="{len(verdict.marks)}" failures="{failed}" errors="0" time="0"'
        where = f'id="{self._count}" package="tsalab" hostname="localhost" timestamp="{ended}"'
        self._file.write(f"  <testsuite name={quoteattr(name)} {counts} {where}>\n    <properties/>\n")
        for mark in verdict.marks:
            self._file.write(_case(mark, name))
        self._file.write("    <system-out/>\n    <system-err/>\n  </testsuite>\n")
        self._count += 1


def _case(mark: Mark, name: str) -> str:
    reasons = _plain(" ".join(mark.reasons))
    head = f'    <testcase name="{escape(str(mark.step))}" classname={quoteattr(name)} time="0"'
    if mark.points >= mark.possible:
        return f"{head}/>\n"
    attributes = f'message="{mark.points:.10g}/{mark.possible:.10g}" type="tier-{mark.tier}"'
    failure = f"      <failure {attributes}>{escape(reasons)}</failure>\n"
    return f"{head}>\n{failure}    </testcase>\n"

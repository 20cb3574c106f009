"""Verdicts as a JUnit report: a suite a submission, a case a step. For CI systems."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.sax.saxutils import escape, quoteattr

from tsalab.grade.verdict import Mark, Verdict

# What XML 1.0 cannot hold in any spelling.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _plain(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


class JUnit:
    """A report that grows by a suite a verdict. A context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        self._file = self.path.open("w", encoding="utf-8")
        self._file.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.write("</testsuites>\n")
        self._file.close()

    def add(self, verdict: Verdict) -> None:
        """Write a suite."""
        name = _plain(verdict.learner or verdict.name)
        failed = sum(mark.points < mark.possible for mark in verdict.marks)
        counts = f'tests="{len(verdict.marks)}" failures="{failed}" errors="0"'
        self._file.write(f"  <testsuite name={quoteattr(name)} {counts}>\n")
        for mark in verdict.marks:
            self._file.write(_case(mark, name))
        self._file.write("  </testsuite>\n")


def _case(mark: Mark, name: str) -> str:
    reasons = _plain(" ".join(mark.reasons))
    head = f'    <testcase name="{escape(str(mark.step))}" classname={quoteattr(name)} time="0"'
    if mark.points >= mark.possible:
        return f"{head}/>\n"
    attributes = f'message="{mark.points:g}/{mark.possible:g}" type="tier-{mark.tier}"'
    failure = f"      <failure {attributes}>{escape(reasons)}</failure>\n"
    return f"{head}>\n{failure}    </testcase>\n"

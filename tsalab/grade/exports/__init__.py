"""The forms in which verdicts are handed on: tables, gradebooks, test reports, pages."""

from __future__ import annotations

from tsalab.grade.exports.ags import Scores
from tsalab.grade.exports.gradebooks import Canvas, Moodle
from tsalab.grade.exports.junit import JUnit
from tsalab.grade.exports.pages import Pages
from tsalab.grade.exports.tables import Table

__all__ = ["Canvas", "JUnit", "Moodle", "Pages", "Scores", "Table"]

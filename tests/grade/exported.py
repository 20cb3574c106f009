"""What every export holds, whoever handed in what: read back by its own kind of reader."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from lxml import etree

from tsalab.grade import Verdict, exports, read_rubric
from tsalab.spreadsheets import neutral

SCHEMA = Path(__file__).with_name("junit.xsd")


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMA))


def hold_junit(path: Path) -> etree._Element:
    """A report as its schema wants it, and with the counts that its cases have."""
    report = etree.parse(path)
    assert _schema().validate(report), _schema().error_log
    for suite in report.getroot():
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases)
        assert int(suite.get("failures")) == sum(case.find("failure") is not None for case in cases)
    return report.getroot()


class Page(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def hold_page(path: Path) -> None:
    """A page runs nothing, asks nobody for anything, and points only beside itself."""
    page = Page(path.read_text(encoding="utf-8"))
    assert not {"script", "iframe", "object", "embed", "img", "link", "form"} & set(page.tags)
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "action", "style")
        if name == "href":
            assert value is not None
            assert (path.parent / value).is_file()


def hold_table(path: Path) -> list[list[str]]:
    """A CSV whose rows are of one width, and in which no text would be calculated."""
    data = path.read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    assert len({len(row) for row in rows}) == 1
    for cell in (cell for row in rows for cell in row):
        assert neutral(cell) == cell
    return rows


def hold_exports(verdicts: Sequence[Verdict], folder: Path) -> None:
    """Give verdicts to every export, and read back what they wrote."""
    folder.mkdir(exist_ok=True)
    rubric = read_rubric()
    with ExitStack() as stack:
        made = [
            stack.enter_context(export)
            for export in (
                exports.Table(folder / "table", rubric),
                exports.Canvas(folder / "canvas", rubric),
                exports.Moodle(folder / "moodle", rubric),
                exports.Scores(folder / "ags"),
                exports.JUnit(folder / "junit"),
                exports.Pages(folder / "pages", rubric),
            )
        ]
        for verdict in verdicts:
            for export in made:
                export.add(verdict)
    named = len({verdict.learner for verdict in verdicts if verdict.learner})
    assert len(hold_table(folder / "table")) == 1 + len(verdicts)
    assert len(hold_table(folder / "canvas")) == 2 + named
    assert len(hold_table(folder / "moodle")) == 1 + named
    scores = (folder / "ags").read_text(encoding="utf-8").splitlines()
    assert len(scores) == named
    assert all(json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8") for line in scores)
    assert len(hold_junit(folder / "junit")) == len(verdicts)
    pages = list((folder / "pages").iterdir())
    assert len(pages) == 1 + len(verdicts)
    for path in pages:
        hold_page(path)
    for path in pages:
        path.unlink()

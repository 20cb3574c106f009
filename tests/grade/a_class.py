"""A class of twelve with everything that can be told of somebody: for the exports."""

from __future__ import annotations

from pathlib import Path

from tests.grade import genuine
from tests.grade.genuine import cell, changed

HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>]]>&amp;"\'\\'
NAMES = (
    "Ada Lovelace", "Björn Ångström", "李雷", "Fatima al-Fihri", "Chidi", "Dolores Haze-Whittaker-Longname",
    "Émilie du Châtelet", HOSTILE, "Grace", "Heidi",
)  # fmt: skip


def handed_in(folder: Path) -> Path:
    """Some did all of it, some a part, two the same run, one without a name, one a torn file."""
    for number, name in enumerate(NAMES):
        book, _ = genuine.notebook(name, f"{number % 9:032x}")
        for step in range(30, 30 - 4 * number % 23, -1):
            book = changed(book, lambda one, step=step: cell(one, f"step-{step}").update(outputs=[]))
        if number in (2, 7):
            book = changed(book, lambda one: cell(one, "step-9").update(source="print('done')"))
        genuine.written(folder / f"{number:02}", book)
    genuine.written(folder / "nameless", genuine.notebook("", "e" * 32)[0])
    (folder / "torn.ipynb").write_text('{"cells": ')
    return folder

"""A genuine run, made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.grade import genuine
from tsalab.grade import Verdict, grade, read_rubric


@pytest.fixture(scope="session")
def book() -> genuine.Notebook:
    """A genuine run's notebook; not to be changed."""
    return genuine.notebook()[0]


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Verdict]:
    """Grade one notebook, with the default rubric unless another is given."""

    def judge(book: genuine.Notebook, rubric: str = "", journal: bytes | None = None) -> Verdict:
        path = genuine.written(tmp_path / "in", book)
        if journal is not None:
            path.with_name("journal.jsonl").write_bytes(journal)
        file = tmp_path / "rubric.yml"
        file.write_text(rubric or "points: 1\nsteps: {}\n")
        (verdict,) = grade([path], read_rubric(file))
        return verdict

    return judge

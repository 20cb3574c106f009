"""The command line, run in this process or as a person runs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result

from tests.migrate.conftest import Server, here, pair, servers, there
from tsalab.cli import app
from tsalab.migrate import Login

__all__ = ["here", "pair", "servers", "there"]  # fixtures of the migration's own tests

Tsalab = Callable[..., Result]

HEAD = """
from tsalab.records import Record, utc_now
from tsalab.show import StepView
def step(number, status="passed"):
    now = utc_now()
    with StepView(number, f"Title {number}") as view:
        view.finish(Record.new(run="n", step=number, section="s", title=f"Title {number}", status=status,
                               saw="this", expected="that", next="Do it.", started=now, ended=now))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that nothing of this user's is read or written."""
    monkeypatch.setenv("TSALAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TSALAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    return tmp_path / "home"


@pytest.fixture
def tsalab() -> Tsalab:
    """Run a command in this process."""

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return invoke


def small_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook with a parameters cell, and the cells given after `HEAD`."""
    parameters = nbformat.v4.new_code_cell(
        'profile = ""\nworkdir = ""\nlearner = "nobody"\nmethod = "dump"',
        metadata={"tags": ["parameters"]},
    )
    nodes = nbformat.v4.new_notebook(
        cells=[parameters, *map(nbformat.v4.new_code_cell, (HEAD, *cells))],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(nodes, path)
    return path


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Write a small notebook with a parameters cell and the cells given."""

    def write(*cells: str) -> Path:
        return small_notebook(tmp_path / "small.ipynb", *cells)

    return write


class Moving:
    """`tsalab migrate` between two real servers, run in this process or as a person runs it."""

    def __init__(self, source: Login, target: Login) -> None:
        self.source, self.target = source, target
        self.environment = {
            "TSALAB_SOURCE_PASSWORD": source.password,
            "TSALAB_TARGET_PASSWORD": target.password,
        }

    @property
    def urls(self) -> tuple[str, str]:
        return url(self.source), url(self.target)

    def __call__(self, *options: str, **environment: str | None) -> Result:
        """Run it in this process."""
        return CliRunner().invoke(
            app, ["migrate", *self.urls, *options], env={**self.environment, **environment}
        )

    @property
    def argv(self) -> list[str]:
        return [sys.executable, "-m", "tsalab", "migrate", *self.urls]


def url(login: Login) -> str:
    return f"mysql://{login.user}@{login.host}:{login.port}/{login.database}"


@pytest.fixture
def moving(
    pair: tuple[Login, Login],
    servers: tuple[Server, Server],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Moving:
    """A source, a target whose account may use its database alone, and nobody's option file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for side in ("SOURCE", "TARGET"):
        monkeypatch.delenv(f"TSALAB_{side}_PASSWORD", raising=False)
    return Moving(pair[0], servers[1].mover("there"))

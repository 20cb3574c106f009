"""The front of the command line: lazy, with errors a person can read."""

from __future__ import annotations

import importlib
import subprocess
import sys
import types
from typing import Any

import click
import pytest

from tests.commands.conftest import Tsalab
from tsalab import cli
from tsalab.errors import SettingError


def test_every_command_of_the_table_loads(tsalab: Tsalab) -> None:
    for name, (_, text) in cli.COMMANDS.items():
        done = tsalab(name, "--help")
        assert done.exit_code == 0, done.output
        assert text
    assert cli.app.list_commands(click.Context(cli.app)) == list(cli.COMMANDS)


def test_help_lists_every_command_and_imports_none() -> None:
    code = (
        "import sys\nfrom tsalab.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print([name for name in sys.modules if name.startswith('tsalab.commands.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in cli.COMMANDS)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_and_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tsalab", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("tsalab 0.")


def ends(raised: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    """Exit code of a command that raises."""

    @click.command()
    def broken() -> None:
        raise raised

    monkeypatch.setitem(cli.COMMANDS, "broken", ("a.module:broken", ""))
    monkeypatch.setitem(sys.modules, "a.module", types.SimpleNamespace(broken=broken))  # type: ignore[arg-type]
    assert importlib.import_module("a.module").broken is broken
    with pytest.raises(SystemExit) as ended:
        cli.main(["broken"])
    return int(ended.value.code or 0)


def test_our_errors_say_what_why_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(SettingError("Port 1 is taken.", "By cat.", "End it."), monkeypatch) == 1
    said = capsys.readouterr()
    assert said.err == "SettingError: Port 1 is taken.\n  why:  By cat.\n  next: End it.\n"
    assert said.out == ""


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (click.UsageError("no"), 2)])
def test_exit_codes(raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ends(raised, monkeypatch) == code


def test_an_unknown_command_is_used_wrongly(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["nope"])
    assert ended.value.code == 2
    assert "No such command 'nope'" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_traceback() -> None:
    command = f"{sys.executable} -m tsalab doctor --json | true"
    done: Any = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""

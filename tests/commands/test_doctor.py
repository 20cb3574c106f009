"""``tsalab doctor``: each thing amiss with one fix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import Tsalab
from tsalab.commands import doctor
from tsalab.preflight import machine
from tsalab.sandbox import requirements


def test_a_machine_that_runs_these_tests_is_ready(tsalab: Tsalab) -> None:
    done = tsalab("doctor", "--json")
    found = {finding["name"]: finding for finding in json.loads(done.output)}
    assert {"python", "git", "ssh", "mariadbd", "node", "ports", "home", "cache", "disk", "profile"} <= set(
        found
    )
    assert all(finding["ok"] for finding in found.values()), done.output
    assert done.exit_code == 0


def test_text_shows_the_fix_and_fails(tsalab: Tsalab) -> None:
    done = tsalab("doctor", "--profile", "absent")
    assert done.exit_code == 1
    assert "amiss  profile    nothing is named absent" in done.output
    assert "tsalab sandbox up --name absent" in done.output


def test_a_profile_of_aws_is_known(tmp_path: Path, tsalab: Tsalab) -> None:
    (tmp_path / "aws-config").write_text("[profile class3]\nregion = us-east-1\n")
    assert doctor.known_profile("class3").ok
    assert "class3" in doctor.known_profile("absent").fix


def test_an_old_python() -> None:
    assert machine.python((3, 10, 2)) == doctor.Finding(
        "python", False, "3.10.2", "install Python 3.11 or newer"
    )


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a program of our own where the doctor finds it."""

    def write(script: str) -> None:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(requirements, "find", lambda *_: str(path))

    return write


def test_a_missing_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "find", lambda *_: None)
    finding = doctor.tool(("mariadbd",), "the MariaDB server", "apt install it")
    assert (finding.ok, finding.saw, finding.fix) == (
        False,
        "the MariaDB server is missing",
        "apt install it",
    )


def test_a_tool_that_fails(program: Callable[[str], None]) -> None:
    program("exit 3")
    finding = doctor.tool(("node",), "Node.js", "apt install it")
    assert not finding.ok
    assert "does not answer" in finding.saw


def test_an_old_node(program: Callable[[str], None]) -> None:
    program("echo v18.19.0")
    assert doctor.tool(("node",), "Node.js", "x") == doctor.Finding("node", False, "v18.19.0, too old", "x")
    program("echo v22.1.0")
    assert doctor.tool(("node",), "Node.js", "x").ok


def test_a_server_that_is_not_mariadb(program: Callable[[str], None]) -> None:
    program("echo mysqld  Ver 8.4.0 for Linux on x86_64")
    finding = doctor.tool(("mariadbd", "mysqld"), "the MariaDB server", "x")
    assert (finding.ok, finding.fix) == (False, "x")
    assert "not MariaDB" in finding.saw
    program("echo mariadbd  Ver 10.11.6-MariaDB for debian-linux-gnu on x86_64")
    assert doctor.tool(("mariadbd", "mysqld"), "the MariaDB server", "x").ok


def test_no_loopback() -> None:
    def refuse() -> None:
        raise PermissionError("not allowed")

    assert "nothing can listen" in doctor.ports(refuse).saw


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_CACHE", "/proc/1/nowhere")
    finding = doctor.folder("cache")
    assert not finding.ok
    assert "TSALAB_CACHE" in finding.fix


def test_a_full_disk() -> None:
    finding = doctor.space(lambda _: 12_000_000)
    assert not finding.ok
    assert "TSALAB_HOME" in finding.fix

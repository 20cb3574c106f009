"""``tsalab lab``: a real JupyterLab that listens on this machine alone and shows no news."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import httpx
import psutil
import pytest

from tests.commands.conftest import Tsalab
from tsalab import profiles
from tsalab.commands import lab


def test_jupyterlab_starts_here_alone_without_news(tmp_path: Path) -> None:
    command = [*lab.server_command(browser=False, port=None), "--ServerApp.port_retries=50"]
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(tmp_path),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
    }
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    ) as server:
        try:
            assert server.stderr is not None
            line = next(line for line in server.stderr if "127.0.0.1" in line and "token=" in line)
            found = re.search(r"(http://127\.0\.0\.1:\d+)/\S*token=(\w+)", line)
            assert found is not None
            # It tells its address a moment before it listens.
            with httpx.Client(
                base_url=found[1],
                headers={"Authorization": f"token {found[2]}"},
                transport=httpx.HTTPTransport(retries=6),
                timeout=20,
            ) as client:
                answer = client.get("/lab/api/settings/@jupyterlab/apputils-extension:notification").json()
                names = client.get("/api/contents").json()["content"]
            assert answer["schema"]["properties"]["fetchNews"]["default"] == "false"
            assert "lab4.ipynb" in [entry["name"] for entry in names]
            sockets = psutil.Process(server.pid).net_connections()
            assert {socket.laddr.ip for socket in sockets if socket.status == "LISTEN"} == {"127.0.0.1"}
        finally:
            server.send_signal(signal.SIGTERM)


def test_command_is_bound_to_loopback(home: Path) -> None:
    command = lab.server_command(browser=False, port=9999)
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--no-browser" in command
    assert "--ServerApp.port=9999" in command
    overrides = json.loads((lab.settings_folder() / "overrides.json").read_text())
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_a_terminal_is_ready_for_the_lab(home: Path, tmp_path: Path) -> None:
    profile = profiles.Profile("mine", tmp_path / "my config", tmp_path / "credentials")
    rcfile = lab.terminal_settings(profile)
    own = tmp_path / "own"
    own.mkdir()
    (own / ".bashrc").write_text("export AWS_PROFILE=other PATH=/usr/bin:/bin")
    done = subprocess.run(
        ["bash", "--rcfile", str(rcfile), "-i"],
        input='echo "$AWS_PROFILE $AWS_CONFIG_FILE $PWD"; command -v tsalab',
        env={"HOME": str(own), "PATH": "/usr/bin:/bin", "JUPYTER_SERVER_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout.splitlines()
    assert said[-2] == f"mine {tmp_path / 'my config'} {tmp_path}"
    assert said[-1] == str(Path(sys.executable).parent / "tsalab")


def test_the_sandbox_is_started_first(tsalab: Tsalab, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def locate(name: str, *, on_line: object) -> profiles.Profile:
        calls.append(name)
        return profiles.Profile(name)

    def run(command: list[str], *, env: dict[str, str], check: bool) -> SimpleNamespace:
        calls.append(env["TSALAB_PROFILE"])
        return SimpleNamespace(returncode=3)

    monkeypatch.setattr(profiles, "locate", locate)
    monkeypatch.setattr(subprocess, "run", run)
    assert tsalab("lab", "--profile", "mine").exit_code == 3
    assert calls == ["mine", "mine"]

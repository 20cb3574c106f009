"""The floor: what nobody can avoid, each thing done bare, one after the other.

A kernel start, a control plane start, two database starts, two app starts, one git push
and one pull.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
from timing import DEADLINE, answers, free_port, running, timed, wait

from tsalab import resources
from tsalab.sandbox.machines import datadir, node_packages, programs

API = resources.templates() / "gallery" / "api"


def floor(folder: Path) -> dict[str, float]:
    """Seconds of each part of the floor."""
    parts = {"kernel": timed(kernel), "control plane": timed(lambda: control_plane(folder / "state"))}
    parts["two databases"] = parts["two apps"] = 0.0
    shutil.copytree(API, folder / "api")
    (folder / "api" / "node_modules").symlink_to(node_packages.ensure(API))
    for name in ("first", "second"):
        home = folder / name
        home.mkdir()
        began = time.perf_counter()
        with database(home) as sock:
            parts["two databases"] += time.perf_counter() - began
            fill(sock)
            parts["two apps"] += timed(lambda sock=sock: app(folder, sock))
    one, two = repositories(folder)
    parts["git push and pull"] = timed(lambda: (git("push", "-q", cwd=one), git("pull", "-q", cwd=two)))
    return parts


def kernel() -> None:
    """Start an IPython kernel and run nothing in it."""
    from jupyter_client.manager import KernelManager

    # Unix sockets in a folder of a short name, as the lab's own kernels have them.
    with tempfile.TemporaryDirectory(prefix="tsalab-") as place:
        manager = KernelManager(
            kernel_name="python3", transport="ipc", connection_file=str(Path(place, "kernel.json"))
        )
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=DEADLINE)
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def control_plane(folder: Path) -> None:
    """Start MiniStack as it comes, until it answers."""
    port = free_port()
    env = os.environ | {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "STATE_DIR": str(folder)}
    with running([sys.executable, "-m", "ministack"], env=env) as process:
        wait(lambda: answers(f"http://127.0.0.1:{port}/_ministack/health"), process)


@contextmanager
def database(folder: Path) -> Iterator[Path]:
    """Start a MariaDB on a copy of the prepared data folder; yields its socket."""
    datadir.copy(datadir.prepared(), folder / "data")
    sock = folder / "socket"
    command = [str(programs.mariadbd()), "--no-defaults", f"--datadir={folder / 'data'}", f"--socket={sock}"]
    command += ["--skip-networking", "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M"]
    command += ["--performance-schema=OFF", "--skip-grant-tables", *datadir.as_user()]
    with running(command) as process:
        wait(lambda: connects(sock), process)
        yield sock


def connects(sock: Path) -> bool:
    """Whether MariaDB takes a connection."""
    try:
        pymysql.connect(unix_socket=str(sock), user="root").close()
    except pymysql.err.OperationalError:
        return False
    return True


def app(folder: Path, sock: Path) -> None:
    """Start the gallery's API on a database that holds the seed, until it answers."""
    port = free_port()
    env = os.environ | {"PORT": str(port), "HOST": "127.0.0.1", "BENCH_SOCKET": str(sock)}
    preload = folder / "socket.js"
    # The driver knows only host and port from the app's config; here the socket takes their place.
    preload.write_text(
        "const net = require('net'); const old = net.connect; net.connect = net.createConnection ="
        " (...a) => old(process.env.BENCH_SOCKET);"
    )
    command = [
        str(programs.node().node),
        "--require",
        str(preload),
        str(folder / "api" / "bin" / "www.js"),
    ]
    with running(command, env=env, cwd=folder / "api") as process:
        wait(lambda: answers(f"http://127.0.0.1:{port}/api/health"), process)


def fill(sock: Path) -> None:
    """Load the gallery's schema and seed."""
    client = shutil.which("mariadb") or shutil.which("mysql") or "mysql"
    sql = b"CREATE DATABASE tsagallery; USE tsagallery;"
    sql += b"".join((API / "db" / name).read_bytes() for name in ("schema.sql", "seed.sql"))
    subprocess.run([client, "--no-defaults", f"--socket={sock}", "-u", "root"], input=sql, check=True)


def repositories(folder: Path) -> tuple[Path, Path]:
    """A working copy with a commit to push, and another that will pull."""
    git("init", "-q", "--bare", "origin.git", cwd=folder)
    git("clone", "-q", "origin.git", "one", cwd=folder)
    (folder / "one" / "file").write_text("1")
    git("add", ".", cwd=folder / "one")
    git("commit", "-q", "-m", "first", cwd=folder / "one")
    git("push", "-q", cwd=folder / "one")
    git("clone", "-q", "origin.git", "two", cwd=folder)
    (folder / "one" / "file").write_text("2")
    git("commit", "-q", "-a", "-m", "second", cwd=folder / "one")
    return folder / "one", folder / "two"


def git(*command: str, cwd: Path) -> None:
    """Run git."""
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    subprocess.run(["git", *who, *command], cwd=cwd, check=True, capture_output=True)

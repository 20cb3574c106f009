"""Time of the sandbox and of the lab, beside the floor that the same machine sets in the same run.

The floor is what nobody can avoid: a kernel start, a control plane start, two database
starts, two app starts, one git push and one pull, each done bare, one after the other.
Rounds are interleaved, figures are medians, and every ratio is against the floor of the
same round. Usage: ``python tests/bench/bench.py [--rounds N]``; figures also go to
``build/bench.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pymysql

from tsalab import resources
from tsalab.sandbox.machines import datadir, node_packages, programs

BUILD = Path("build")
API = resources.templates() / "gallery" / "api"
DEADLINE = 60.0


def wait(ready: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    """Ask every 5 ms until something is ready."""
    end = time.monotonic() + DEADLINE
    while not ready():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with status {process.returncode}")
        if time.monotonic() > end:
            raise TimeoutError("it did not become ready")
        time.sleep(0.005)


def free_port() -> int:
    """A port that is free now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process for the time of a block."""
    process = subprocess.Popen(  # type: ignore[call-overload]
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def kernel() -> None:
    """Start an IPython kernel and run nothing in it."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def control_plane(folder: Path) -> None:
    """Start MiniStack as it comes, until it answers."""
    port = free_port()
    env = os.environ | {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "STATE_DIR": str(folder)}
    with running([sys.executable, "-m", "ministack"], env=env) as process:
        wait(lambda: answers(f"http://127.0.0.1:{port}/_ministack/health"), process)


def answers(url: str) -> bool:
    """Whether a server answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own loopback server
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


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


def git(*command: str, cwd: Path) -> None:
    """Run git."""
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    subprocess.run(["git", *who, *command], cwd=cwd, check=True, capture_output=True)


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


def timed(work: Callable[[], None]) -> float:
    """Seconds that some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


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


def fill(sock: Path) -> None:
    """Load the gallery's schema and seed."""
    client = shutil.which("mariadb") or shutil.which("mysql") or "mysql"
    sql = b"CREATE DATABASE tsagallery; USE tsagallery;"
    sql += b"".join((API / "db" / name).read_bytes() for name in ("schema.sql", "seed.sql"))
    subprocess.run([client, "--no-defaults", f"--socket={sock}", "-u", "root"], input=sql, check=True)


def tsalab(*command: str, env: Mapping[str, str], cwd: Path) -> float:
    """Seconds of one command of ours."""

    def work() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "tsalab", *command], env=dict(env), cwd=cwd, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"tsalab {' '.join(command)}: {done.stdout}{done.stderr}")

    return timed(work)


def ours(folder: Path) -> dict[str, float]:
    """Seconds of ``up``, of the lab on what is up, and of both in one ``tsalab run``."""
    env = os.environ | {"TSALAB_HOME": str(folder / "home")}
    name = f"bench-{secrets.token_hex(3)}"
    down = ("sandbox", "down", "--name", name, "--delete")
    found = {"sandbox up": tsalab("sandbox", "up", "--name", name, env=env, cwd=folder)}
    try:
        found["lab"] = tsalab("run", "--profile", name, "--out", "out", env=env, cwd=folder)
    except BaseException:
        tsalab(*down, env=env, cwd=folder)
        raise
    found["sandbox down"] = tsalab(*down, env=env, cwd=folder)
    found["up, lab and down in one run"] = tsalab("run", "--out", "all", env=env, cwd=folder)
    return found


def main() -> int:
    """Measure, print, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    floors: list[dict[str, float]] = []
    figures: list[dict[str, float]] = []
    for number in range(rounds + 1):
        with tempfile.TemporaryDirectory(prefix="tsalab-bench-") as place:
            folder = Path(place)
            (folder / "floor").mkdir()
            lowest, found = floor(folder / "floor"), ours(folder)
        if number:  # the first round fills the caches
            floors.append(lowest)
            figures.append(found)
            sys.stderr.write(f"round {number} of {rounds} done\n")
    report(floors, figures)
    return 0


def report(floors: list[dict[str, float]], figures: list[dict[str, float]]) -> None:
    """Print medians and write them to ``build/bench.json``."""
    totals = [sum(parts.values()) for parts in floors]
    rows: list[dict[str, object]] = []
    for name in floors[0]:
        value = statistics.median(parts[name] for parts in floors)
        rows.append(
            {"name": f"floor: {name}", "value": round(value, 3), "unit": "s", "baseline": None, "ratio": None}
        )
    total = statistics.median(totals)
    rows.append({"name": "floor", "value": round(total, 3), "unit": "s", "baseline": None, "ratio": None})
    for name in figures[0]:
        value = statistics.median(found[name] for found in figures)
        ratio = statistics.median(found[name] / low for found, low in zip(figures, totals, strict=True))
        rows.append(
            {
                "name": name,
                "value": round(value, 3),
                "unit": "s",
                "baseline": round(total, 3),
                "ratio": round(ratio, 2),
            }
        )
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        ratio_text = f"{row['ratio']} × the floor" if row["ratio"] else ""
        sys.stdout.write(f"{row['name']:32} {row['value']:8.3f} s  {ratio_text}\n")


if __name__ == "__main__":
    sys.exit(main())

"""A nursery of real processes: what it forks is as what is started anew, whoever else is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import psutil
import pytest

from tsalab import nursery
from tsalab.nursery import VARIABLE, Forked, Nursery, start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")

PROBE = """
import json, os, sys, psutil
me = psutil.Process()
listing = os.open("/proc/self/fd", os.O_RDONLY)
print(json.dumps({
    "argv": sys.argv[2:], "path": sys.path[0], "cwd": os.getcwd(), "name": __name__,
    "cmdline": me.cmdline(), "proc": {k: v for k, v in me.environ().items() if k != "TSALAB_NURSERY"},
    "env": {k: v for k, v in os.environ.items() if k != "TSALAB_NURSERY"},
    "child": os.popen("echo $PROBE").read(), "session": os.getsid(0) == os.getpid(),
    "files": sorted(set(map(int, os.listdir(listing))) - {listing, int(sys.argv[1])}),
    "input": sys.stdin.read(), "loaded": "tsalab.lab" in sys.modules,
}))
with os.fdopen(int(sys.argv[1]), "w") as passed:
    passed.write("passed on")
print("to the log", file=sys.stderr)
sys.exit(7)
"""
WAITS = "import sys; print('here', flush=True); sys.stdin.read(); sys.exit(3)"


@pytest.fixture(scope="module")
def nest() -> Iterator[Nursery]:
    with Nursery() as opened:
        yield opened


@pytest.fixture(autouse=True)
def modules(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    (tmp_path / "waits.py").write_text(WAITS)


def probe(folder: Path, env: dict[str, str]) -> tuple[dict[str, object], object]:
    read, write = os.pipe()
    with (folder / "log").open("ab") as log, os.fdopen(read) as passed:
        process = start(
            ["-m", "probe", str(write), "a b"],
            env=env,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            pass_fds=[write],
        )
        os.close(write)
        with process:
            assert process.stdin
            assert process.stdout
            process.stdin.write("grüß Gott")
            process.stdin.close()
            said = json.loads(process.stdout.read())
        assert (passed.read(), process.returncode) == ("passed on", 7)
    return said, process


# Once, in a run of all tests, a descriptor more was open in the forked one; alone it never was. Not yet
# understood, so it waits in test-all rather than stopping everybody by chance.
@pytest.mark.slow
def test_what_is_forked_is_as_what_is_started_anew(nest: Nursery, tmp_path: Path) -> None:
    plain = os.environ | {"PROBE": "ä ö", "TSALAB_SANDBOX": str(tmp_path)}
    plain.pop(VARIABLE, None)
    plain.pop("COVERAGE_PROCESS_START", None)
    anew, by_python = probe(tmp_path, plain)
    forked, by_nursery = probe(tmp_path, plain | nest.environment())
    assert (type(by_python), type(by_nursery)) == (subprocess.Popen, Forked)
    assert (anew.pop("loaded"), forked.pop("loaded")) == (False, True)
    # In a command line that was written over, words are told apart by blanks alone.
    *_, last = cast(list[str], anew.pop("cmdline"))
    assert last.split() == cast(list[str], forked.pop("cmdline"))[-2:] == ["a", "b"]
    # What was the nursery's own, and other children's, is closed.
    assert set(cast(list[int], forked.pop("files"))) <= set(cast(list[int], anew.pop("files")))
    assert forked == anew
    assert (forked["proc"], forked["child"]) == (forked["env"], "ä ö\n")
    assert (tmp_path / "log").read_text() == "to the log\n" * 2


def waiting(folder: Path, env: dict[str, str]) -> subprocess.Popen[str] | Forked:
    process = start(["-m", "waits"], env=env, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == "here\n"
    return process


def test_signals_and_waiting(nest: Nursery, tmp_path: Path) -> None:
    with waiting(tmp_path, os.environ | nest.environment()) as process:
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.terminate()
        assert process.wait(20) == -signal.SIGTERM
        process.kill()  # nobody is met by it
    assert process.returncode == -signal.SIGTERM


def test_what_does_not_fit_is_started_anew(nest: Nursery, tmp_path: Path) -> None:
    large = os.environ | nest.environment() | {"LARGE": "x" * 100_000}
    with waiting(tmp_path, large) as process:
        assert isinstance(process, subprocess.Popen)


def test_a_killed_nursery_ends_nobody_and_another_is_opened(tmp_path: Path) -> None:
    with Nursery() as nest:
        first = os.environ | nest.environment()
        with waiting(tmp_path, first) as forked:
            assert isinstance(forked, Forked)
            assert nest.pid
            os.kill(nest.pid, signal.SIGKILL)
            psutil.wait_procs([psutil.Process(nest.pid)], 10)
            assert forked.poll() is None
            with waiting(tmp_path, first) as anew:
                assert isinstance(anew, subprocess.Popen)
        assert (forked.returncode, anew.returncode) == (nursery.LOST, 3)
        assert nest.environment() != {VARIABLE: first[VARIABLE]}
        with waiting(tmp_path, os.environ | nest.environment()) as again:
            assert isinstance(again, Forked)
    assert again.returncode == 3


def test_it_ends_with_its_last_child_when_whoever_opened_it_is_gone(tmp_path: Path) -> None:
    opener = subprocess.Popen(
        [sys.executable, "-c", _OPENS], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with opener:
        assert opener.stdin
        assert opener.stdout
        pid, child = map(int, opener.stdout.readline().split())
        processes = [psutil.Process(pid), psutil.Process(child)]
        opener.kill()
    _, alive = psutil.wait_procs(processes, 20)
    assert alive == []


_OPENS = """
import os, subprocess, sys
from tsalab.nursery import Nursery, start
nest = Nursery()
child = start(["-m", "waits"], env=os.environ | nest.environment(), stdin=subprocess.PIPE,
              stdout=subprocess.DEVNULL)  # its own word would run into ours
print(nest.pid, child.pid, flush=True)
sys.stdin.read()
"""

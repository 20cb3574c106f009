"""The same batch through Dask: worker processes of their own, one of them killed on the way."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.batch.conftest import ALL, comparable, left_running, listening, sabotaged
from tests.batch.test_batch import learners, roster
from tsalab.batch import Batch
from tsalab.batch.cluster import Cluster, pack, unpack
from tsalab.batch.engines import Threads
from tsalab.errors import BatchError

Write = Callable[..., Path]


@contextmanager
def dask(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One of Dask's own commands, for the time of a block."""
    command = [sys.executable, "-c", _DASK, *arguments]
    environment = os.environ | {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false"}
    with (
        (cwd / f"dask-{time.monotonic_ns()}.log").open("wb") as log,
        subprocess.Popen(command, cwd=cwd, stdout=log, stderr=log, env=environment) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


_DASK = "import sys; from dask.__main__ import main; sys.argv[0] = 'dask'; sys.exit(main())"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, in processes and folders of their own."""
    with ExitStack() as stack:
        file = tmp_path / "scheduler.json"
        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        scheduler = stack.enter_context(dask("scheduler", *options, cwd=tmp_path))
        while not file.exists():
            assert scheduler.poll() is None
            psutil.wait_procs([psutil.Process(scheduler.pid)], 0.05)
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        workers = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            given = ("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", name)
            workers.append(stack.enter_context(dask(*given, "--memory-limit", "0", cwd=tmp_path / name)))
        yield address, workers


@pytest.mark.slow  # a scheduler and two workers
def test_a_killed_workers_learner_is_given_to_another(
    notebook: Write, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = cluster
    # The first who gets this learner has its own worker killed, and then waits for its end.
    kill = (
        f"from pathlib import Path\nmark = Path({str(tmp_path / 'mark')!r})\n"
        "if not mark.exists():\n"
        "    import os, psutil, signal, threading\n    mark.touch()\n"
        "    worker = psutil.Process(os.getppid()).ppid()\n"
        "    os.kill(worker, signal.SIGKILL)\n    threading.Event().wait()"
    )
    notebook("kills", "step(1)", kill, "for number in range(2, 31): step(number)")
    notebook("bad", "step(1)", 'raise RuntimeError("the stack failed")')
    good = notebook("good", ALL)
    lines = ("Ada,one,", "Bob,two,bad.ipynb", "../Eve,three,kills.ipynb")
    out = tmp_path / "out"
    told: list[str] = []
    batch = Batch.of(roster(tmp_path, *lines), out, notebook=good)
    batch.run(Cluster(2, address), on_change=lambda board, folder, said: told.append(folder))
    found = learners(out)
    assert {name: (row["status"], row["passed"]) for name, row in found.items()} == {
        "Ada": ("passed", 30),
        "Bob": ("failed", 1),
        "../Eve": ("passed", 30),
    }
    assert sum(worker.poll() is not None for worker in workers) == 1
    assert told.count(str(found["Ada"]["folder"])) > 30  # each step was told as it ended
    assert (out / "learners" / str(found["Ada"]["folder"]) / "good.html").exists()
    assert left_running() == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_lab_of_a_class_with_a_worker_killed_on_the_way(
    tmp_path: Path, home: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    """Twelve learners on sandboxes: the same comes out as of threads, and nothing is left."""
    address, workers = cluster
    bad = sabotaged(tmp_path, "step-16")
    kills = sabotaged(tmp_path, "step-12", _KILLS.format(mark=str(tmp_path / "mark")))
    path = tmp_path / "class.csv"
    lines = [f"Bob,{bad.name}", f"Eve,{kills.name}", *(f"learner {n}," for n in range(10))]
    path.write_text("\n".join(["learner,notebook", *lines, ""]), encoding="utf-8")
    through_dask = Batch.of(path, tmp_path / "dask").run(Cluster(2, address)).rows()
    assert sum(worker.poll() is not None for worker in workers) == 1
    assert (left_running(), listening(), list((home / "sandboxes").iterdir())) == ([], set(), [])
    by_threads = Batch.of(path, tmp_path / "threads").run(Threads(2)).rows()
    assert comparable(through_dask) == comparable(by_threads)
    assert [row["passed"] for row in through_dask] == [15, 30, *[30] * 10], through_dask
    assert left_running() == []


# Once, and then the cell is what it was.
_KILLS = """
import os, psutil, signal, threading
from pathlib import Path
mark = Path({mark!r})
if not mark.exists():
    mark.touch()
    os.kill(psutil.Process(os.getppid()).ppid(), signal.SIGKILL)
    threading.Event().wait()
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["scheduler", "own"])
def test_interrupted_it_leaves_nothing_on_the_workers(
    notebook: Write, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]], where: str
) -> None:
    mark = tmp_path / "mark"
    hangs = notebook("hangs", f"open({str(mark)!r}, 'w').close(); import threading; threading.Event().wait()")
    given = (
        "batch",
        str(roster(tmp_path, "Ada,one,")),
        "--out",
        str(tmp_path / "out"),
        "--notebook",
        str(hangs),
    )
    at = ("--scheduler", cluster[0]) if where == "scheduler" else ()
    with subprocess.Popen([sys.executable, "-m", "tsalab", *given, "--engine", "dask", *at]) as run:
        while not mark.exists():
            assert run.poll() is None
            psutil.wait_procs([psutil.Process(run.pid)], 0.05)
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 130
    assert left_running() == []


def test_where_nobody_answers_it_is_told(
    notebook: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsalab.batch.cluster.CONNECT_SECONDS", 0.5)
    batch = Batch.of(roster(tmp_path, "Ada,one,"), tmp_path / "out", notebook=notebook("good", ALL))
    with pytest.raises(BatchError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        batch.run(Cluster(1, "tcp://127.0.0.1:1"))


def test_without_dask_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BatchError, match=r"tsalab\[dask\]"):
        Cluster(1)


def test_what_comes_back_stays_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("x")
    unpack(pack(tmp_path / "a"), tmp_path / "c")
    assert (tmp_path / "c" / "b" / "file").read_text() == "x"
    evil = io.BytesIO()
    with tarfile.open(fileobj=evil, mode="w:gz") as archive:
        archive.add(tmp_path / "a" / "b" / "file", arcname="../escaped")
    with pytest.raises(tarfile.OutsideDestinationError):
        unpack(evil.getvalue(), tmp_path / "d")
    assert not (tmp_path / "escaped").exists()

"""The notebooks by papermill: run, run again, clean up; and no secret anywhere on the way."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from tests.journeys import foreign
from tsalab import resources
from tsalab.experiments import remedies
from tsalab.experiments.awakening import Measured
from tsalab.records import read_notebook
from tsalab.steps.variants import ENGINES

pytestmark = pytest.mark.journey


def papermill(
    sandbox: Any, name: str, out: Path, workdir: Path, *more: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "papermill", str(resources.notebooks() / name), str(out)]
    command += ["-p", "profile", sandbox.name, "-p", "workdir", str(workdir), *more]
    return subprocess.run(
        command, env=sandbox.env, cwd=out.parent, capture_output=True, text=True, check=False
    )


def tsalab(sandbox: Any, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tsalab", *words],
        env=sandbox.env,
        cwd=sandbox.home,
        capture_output=True,
        text=True,
        check=False,
    )


def secret_value(sandbox: Any) -> dict[str, str]:
    client = sandbox.session().client("secretsmanager")
    value = client.get_secret_value(SecretId="TSAGallery-RDSMasterSecret")["SecretString"]
    found: dict[str, str] = json.loads(value)
    return found


@contextmanager
def watched_processes() -> Iterator[set[str]]:
    """Every command line seen on the machine, looked at without a pause."""
    seen: set[str] = set()
    stop = threading.Event()

    def watch() -> None:
        # Read as they stand: all that psutil finds out besides would cost the lab a core.
        while not stop.wait(0.02):
            for line in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    seen.add(line.read_bytes().replace(b"\0", b" ").decode(errors="replace"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def files(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path, path.read_bytes()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("method", "variant", "from_nothing"), [("dump", "as-written", False), ("copy", "current", True)]
)
def test_the_lab_twice_and_its_clean_up(
    request: pytest.FixtureRequest, tmp_path: Path, method: str, variant: str, from_nothing: bool
) -> None:
    sandbox = request.getfixturevalue("empty_sandbox" if from_nothing else "fresh_sandbox")
    work = tmp_path / "work"
    lab = tmp_path / "lab4.ipynb"
    if from_nothing:
        foreign.make(sandbox.session(), sandbox.folder)
        at_first = foreign.inventory(sandbox.session())
        begun = tsalab(sandbox, "start-state", "--profile", sandbox.name, "--yes", "--json")
        assert begun.returncode == 0, begun.stderr
        assert json.loads(begun.stdout)["stack"] == "TSAGallery"
    with watched_processes() as processes:
        given = ("-p", "method", method, "-p", "variant", variant)
        done = papermill(sandbox, "lab4.ipynb", lab, work, *given, "-p", "learner", "Zoë")
    assert done.returncode == 0, done.stderr[-3000:]
    records = read_notebook(lab)
    assert [record.step for record in records] == list(range(1, 31))
    assert {record.status for record in records} == {"passed"}
    assert {record.learner for record in records} == {"Zoë"}
    assert next(r for r in records if r.step == 30).facts["mark_seen"] is True
    for before, after in itertools.pairwise(records):
        assert after.previous == before.hash
    deployed = next(r for r in records if r.step == 9).facts["engine"]
    assert deployed == ENGINES[variant][0]
    no_secret_is_left(sandbox, secret_value(sandbox)["password"], tmp_path, processes, done)

    again = papermill(sandbox, "lab4.ipynb", tmp_path / "again.ipynb", work, *given)
    assert again.returncode == 0, again.stderr[-3000:]
    assert {record.status for record in read_notebook(tmp_path / "again.ipynb")} == {"passed"}

    every_table_of_aurora_equals_the_original(sandbox)
    if not from_nothing:
        points = papermill(sandbox, "talking-points.ipynb", tmp_path / "points.ipynb", work)
        assert points.returncode == 0, points.stderr[-3000:]
        the_app_as_written_fails_and_each_remedy_is_served(work)
        there = foreign.inventory(sandbox.session())
        unasked = papermill(sandbox, "lab4-cleanup.ipynb", tmp_path / "unasked.ipynb", work)
        assert unasked.returncode != 0
        assert "nobody can be asked" in unasked.stderr
        assert foreign.inventory(sandbox.session()) == there

    cleaned = papermill(
        sandbox, "lab4-cleanup.ipynb", tmp_path / "cleanup.ipynb", work, "-p", "confirm", "yes"
    )
    assert cleaned.returncode == 0, cleaned.stderr[-3000:]
    last = read_notebook(tmp_path / "cleanup.ipynb")[-1]
    assert (last.step, last.saw) == ("cleanup-8", "nothing is left")
    found = foreign.inventory(sandbox.session())
    if from_nothing:
        assert found == at_first
        assert foreign.rows(sandbox.session(), sandbox.folder) == ((1, "mine"),)
        assert all(at_first[kind] for kind in foreign.MADE)
    else:
        assert not any(found[kind] for kind in foreign.MADE)


def the_app_as_written_fails_and_each_remedy_is_served(work: Path) -> None:
    """The order of what was measured, not the times."""
    told = json.loads((work / ".tsalab" / "pauses.json").read_text())
    found = {way: Measured.of_json(each) for way, each in told.items()}
    assert list(found) == list(remedies.WAYS)
    assert not found[remedies.AS_WRITTEN].waited.ok
    assert [way for way in remedies.REMEDIES if not found[way].waited.ok] == []
    # What holds no connection sleeps hours sooner; patience alone does not.
    assert found[remedies.LETS_GO].awake_hours < found[remedies.PATIENT].awake_hours
    assert found[remedies.DATA_API].awake_hours < found[remedies.AS_WRITTEN].awake_hours
    for measured in found.values():
        assert 0 in {value for _, value in measured.capacity}
        assert any(value for _, value in measured.capacity)


def no_secret_is_left(sandbox: Any, password: str, folder: Path, processes: set[str], done: Any) -> None:
    """The notebook, the working folder, every log, every command line, the git history."""
    assert processes
    assert [line for line in processes if password in line] == []
    assert password not in done.stdout + done.stderr
    root = sandbox.folder.root
    logs = list(root.rglob("*.log"))
    assert logs
    assert [str(p) for p in logs if password.encode() in p.read_bytes()] == []
    assert [str(p) for p, content in files(folder, root / "machines") if password.encode() in content] == []
    for repository in (folder / "work" / "TSAGallery-API", *sorted((root / "repositories").glob("*.git"))):
        history = subprocess.run(
            ["git", "log", "-p", "--all"], cwd=repository, capture_output=True, check=True
        )
        assert password.encode() not in history.stdout


def test_an_unknown_parameter_is_refused_by_name(tmp_path: Path) -> None:
    """Before anything is looked for or started: there is no sandbox here."""
    out, env = tmp_path / "out.ipynb", {**os.environ, "TSALAB_HOME": str(tmp_path / "home")}
    nobody = SimpleNamespace(name="sandbox", env=env)
    done = papermill(nobody, "lab4.ipynb", out, tmp_path / "work", "-p", "proflie", "x")
    assert done.returncode != 0
    assert "Unknown parameter: proflie." in done.stderr
    assert read_notebook(out) == []
    assert not (tmp_path / "home").exists()


def markers(home: Path) -> list[str]:
    """Command lines of the processes that belong to a sandbox under a home."""
    found = []
    for process in psutil.process_iter():
        try:
            marker = process.environ().get("TSALAB_SANDBOX", "")
            if marker.startswith(str(home)):
                found.append(" ".join(process.cmdline()))
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


@pytest.mark.timeout(600)
def test_run_makes_a_sandbox_runs_the_lab_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("TSALAB_HOME", str(home))
    (tmp_path / "out").mkdir()
    for name in ("lab4.ipynb", "lab4.html"):  # an earlier run's
        (tmp_path / "out" / name).write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "tsalab", "run", "--out", str(tmp_path / "out")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 of 30 steps passed" in done.stdout
    assert len(read_notebook(tmp_path / "out" / "lab4.ipynb")) == 30
    page = (tmp_path / "out" / "lab4.html").read_text(encoding="utf-8")
    assert page.count("tsalab-step") >= 30
    assert "http://" not in page.replace("http://127.0.0.1", "").replace("http://www.w3.org", "")
    assert "<script" not in page
    assert markers(home) == []
    assert list((home / "sandboxes").iterdir()) == []


@pytest.mark.timeout(600)
def test_plain_papermill_needs_no_command_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_HOME", str(tmp_path / "home"))
    out = tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", str(resources.notebooks() / "lab4.ipynb"), str(out)]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        records = read_notebook(out)
        assert [(record.step, record.status) for record in records] == [(n, "passed") for n in range(1, 31)]
        assert (tmp_path / "work" / "sandbox" / "infra.yml").exists()
    finally:
        down = [sys.executable, "-m", "tsalab", "sandbox", "down", "--delete"]
        subprocess.run(down, check=True, capture_output=True)
    assert markers(tmp_path / "home") == []


def every_table_of_aurora_equals_the_original(sandbox: Any) -> None:
    """Held against each other by another driver's eyes: every row of every table, as text."""
    config = sandbox.folder.root / "ssh" / "config"
    state = sandbox.session().client("cloudformation").describe_stacks(StackName="TSAGallery")["Stacks"][0]
    outputs = {row["OutputKey"]: row["OutputValue"] for row in state["Outputs"]}
    host = outputs["URL"].removeprefix("http://").rstrip("/")
    secret = secret_value(sandbox)

    def ssh(command: str, stdin: str = "") -> str:
        said = subprocess.run(
            ["ssh", "-F", str(config), host, command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stderr
        return said.stdout

    # The old database is stopped; started again for the comparison, it still has everything.
    ssh("sudo systemctl start mariadb")
    plain = "--skip-comments --no-create-info --skip-extended-insert"
    old = ssh(f"mysqldump -u tsauser -pmy-secret-pw {plain} tsagallery")
    # In quotes: the password is random, and a # in it would begin a comment.
    ssh("cat > pw.cnf && chmod 600 pw.cnf", f'[client]\npassword="{secret["password"]}"\n')
    notes = f"--ignore-table={secret['dbname']}._tsalab_pieces"  # the engine's own, of a copy
    where = f"-u admin -h {secret['host']} --single-transaction {notes}"
    new = ssh(f"mysqldump --defaults-extra-file=$HOME/pw.cnf {where} {plain} {secret['dbname']}")
    ssh("rm pw.cnf")
    rows = [line for line in old.splitlines() if line.startswith("INSERT")]
    assert len(rows) > 20
    assert [line for line in new.splitlines() if line.startswith("INSERT")] == rows

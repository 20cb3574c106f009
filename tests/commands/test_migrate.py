"""``tsalab migrate`` between real servers: what it moves, prints, writes and exits with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pymysql
import pytest

from tests.commands.conftest import Moving
from tests.migrate.gallery import GALLERY
from tests.server.host import SSHHost
from tsalab.migrate import Migration, compare

HEADS = (
    "CREATE TABLE t (id INT PRIMARY KEY, u UUID, KEY (u)) ENGINE=Aria",
    "INSERT INTO t VALUES (1, UUID())",
)
MANY = (
    "CREATE TABLE many (id INT AUTO_INCREMENT PRIMARY KEY, words VARCHAR(2000))",
    "INSERT INTO many (words) SELECT REPEAT('words ', 300) FROM seq_1_to_8000",
)


def tables_of(moving: Moving) -> list[str]:
    login = moving.target
    with (
        pymysql.connect(
            host=login.host,
            port=login.port,
            user=login.user,
            password=login.password,
            database=login.database,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SHOW TABLES")
        return sorted(row[0] for row in cursor.fetchall())


def test_it_moves_a_database(moving: Moving, here) -> None:
    here(*GALLERY, "CREATE VIEW names AS SELECT name FROM categories")
    done = moving()
    assert done.exit_code == 0, done.output
    assert compare(moving.source, moving.target).equal
    lines = done.output.splitlines()
    assert lines[0].startswith("MariaDB to MariaDB: 3 tables, about ")
    assert [line.split()[0] for line in lines[2:5]] == ["categories", "image_tags", "images"]
    assert "no key, in one piece" in lines[3]
    assert sum("  equal  " in line for line in lines) == 3
    assert "3 tables, 7 rows" in done.output
    assert "2 foreign keys were added." in done.output
    assert "Made: view names." in done.output


def test_json_is_the_report_and_nothing_else(moving: Moving, here) -> None:
    here(*GALLERY)
    done = moving("--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["kind"] == "report"
    assert {table["table"]: table["rows"] for table in report["tables"]} == {
        "categories": 2,
        "images": 2,
        "image_tags": 3,
    }
    assert all(table["source_digest"] == table["target_digest"] != "" for table in report["tables"])
    assert report["foreign_keys"] == 2
    again = moving("--json", "--resume")
    assert again.exit_code == 0, again.output
    how = {table["table"]: table["how"] for table in json.loads(again.stdout)["tables"]}
    assert how["images"] == "already equal"


def test_a_dry_run_prints_the_plan_and_writes_nothing(moving: Moving, here) -> None:
    here(*HEADS)
    done = moving("--dry-run")
    assert done.exit_code == 0, done.output
    assert "Different on the target:" in done.output
    assert "Aria" in done.output
    assert tables_of(moving) == []
    plan = json.loads(moving("--dry-run", "--json").stdout)
    assert plan["kind"] == "plan"
    assert [table["name"] for table in plan["tables"]] == ["t"]
    assert plan["tables"][0]["path"]["columns"] == ["id"]
    assert any(each["reason"] for each in plan["conversions"])
    assert tables_of(moving) == []


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--json",)])
def test_what_is_in_the_way_is_named_and_nothing_is_moved(options, moving: Moving, here, there) -> None:
    here(*GALLERY)
    there("CREATE TABLE images (id INT PRIMARY KEY, other INT)")
    done = moving(*options)
    assert done.exit_code == 1
    if options == ("--json",):
        assert json.loads(done.stdout)["refusals"][0]["subject"] == "table images"
    else:
        assert "In the way:" in done.output
    assert ("Nothing was moved" in done.stderr) is (options != ("--dry-run",))
    assert tables_of(moving) == ["images"]


def test_rows_of_others_go_only_when_asked(moving: Moving, here, there) -> None:
    here("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
    there("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (3)")
    refused = moving()
    assert refused.exit_code == 1
    assert "--replace" in str(refused.exception)
    done = moving("--resume", "--replace")
    assert done.exit_code == 0, done.output
    assert compare(moving.source, moving.target).equal


def test_chosen_tables_and_options(moving: Moving, here, monkeypatch: pytest.MonkeyPatch) -> None:
    here(*GALLERY, "CREATE VIEW names AS SELECT name FROM categories")
    seen = []
    real = Migration.__init__

    def note(self, source, target, options=None) -> None:
        seen.append(options)
        real(self, source, target, options)

    monkeypatch.setattr(Migration, "__init__", note)
    given = [
        "--writers",
        "1",
        "--verify",
        "counts",
        "--no-objects",
        "--max-mb-s",
        "50",
        "--max-lag",
        "900",
        "--grants",
    ]
    done = moving("--tables", "categories, images", *given)
    assert done.exit_code == 0, done.output
    assert "not compared" in done.output
    assert {"categories", "images"} <= set(tables_of(moving))
    assert {"names", "image_tags"}.isdisjoint(tables_of(moving))
    options = seen[-1]
    assert (options.writers, options.verify, options.objects, options.grants) == (1, "counts", False, True)
    assert (options.max_mb_s, options.max_lag) == (50, 0.9)


def test_a_name_that_is_a_control_sequence_does_nothing_to_the_terminal(moving: Moving, here) -> None:
    here("CREATE TABLE `a\x1b[2Jb` (id INT PRIMARY KEY)", "INSERT INTO `a\x1b[2Jb` VALUES (1)")
    done = moving()
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    assert "a\N{REPLACEMENT CHARACTER}[2Jb" in done.output


@pytest.fixture
def host(tmp_path: Path) -> Iterator[SSHHost]:
    made = SSHHost(tmp_path / "machine")
    yield made
    made.close()


def test_through_ssh_by_the_users_own_configuration(
    moving: Moving, here, host: SSHHost, tmp_path: Path
) -> None:
    """Its name, port, user, key and known hosts all come from there."""
    here(*GALLERY)
    config = tmp_path / ".ssh" / "config"
    config.parent.mkdir()
    config.write_text(host.config.read_text())
    done = moving("--via", "ssh://web")
    assert done.exit_code == 0, done.output
    assert compare(moving.source, moving.target).equal
    assert len(host.connections) == 1


def test_through_ssh_by_a_url(moving: Moving, here, host: SSHHost, tmp_path: Path) -> None:
    here(*GALLERY)
    config = tmp_path / "other"
    config.write_text(f"Host *\n  IdentityFile {host.key}\n  UserKnownHostsFile {host.known_hosts}\n")
    through = f"ssh://ec2-user@127.0.0.1:{host.port}"
    done = moving("--source-via", through, "--ssh-config", str(config), "--dry-run")
    assert done.exit_code == 0, done.output
    assert len(host.connections) == 1
    host.known_hosts.write_text("")
    refused = moving("--target-via", through, "--ssh-config", str(config), "--dry-run")
    assert refused.exit_code == 1
    assert "not among the known hosts" in str(refused.exception)


def test_a_database_that_the_ssh_server_does_not_reach(moving: Moving, host: SSHHost) -> None:
    moving.source = replace(moving.source, port=9)
    done = moving("--source-via", "ssh://web", "--ssh-config", str(host.config))
    assert done.exit_code == 1
    assert "127.0.0.1:9" in str(done.exception)


class Running:
    """The command in a process of its own, in the middle of a slow migration."""

    def __init__(self, moving: Moving, *options: str) -> None:
        environment = os.environ | moving.environment
        self.process = subprocess.Popen(
            [*moving.argv, "--max-mb-s", "4", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.lines: list[str] = []

    def wait_until_it_copies(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if " s  many: " in line:
                return
        raise AssertionError(self.process.communicate()[1])


def test_interrupted_it_says_how_to_go_on_and_leaves_nothing_behind(moving: Moving, here, servers) -> None:
    here(*MANY)
    running = Running(moving)
    running.wait_until_it_copies()
    running.process.send_signal(signal.SIGINT)
    _, errors = running.process.communicate(timeout=30)
    assert running.process.returncode == 130, errors
    assert "give the same command with --resume" in errors
    assert "Traceback" not in errors
    for server, database in zip(servers, ("here", "there"), strict=True):
        assert _connections(server.port, database) == 0
    assert "many" in tables_of(moving)
    done = moving("--resume")
    assert done.exit_code == 0, done.output
    assert "resumed" in done.output
    assert compare(moving.source, moving.target).equal


def _connections(port: int, database: str) -> int:
    """How many there are, once the server has noticed those that ended."""
    left = -1
    with (
        pymysql.connect(host="127.0.0.1", port=port, user="root", password="word of root") as connection,
        connection.cursor() as cursor,
    ):
        for _ in range(100):
            cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = %s", (database,))
            row = cursor.fetchone()
            assert row is not None
            left = int(row[0])
            if left == 0:
                break
            threading.Event().wait(0.05)
    return left


def test_no_password_is_in_the_process_list(moving: Moving, here) -> None:
    here(*MANY)
    running = Running(moving)
    running.wait_until_it_copies()
    own = psutil.Process(running.process.pid)
    words = [word for process in (own, *own.children(recursive=True)) for word in process.cmdline()]
    assert moving.urls[0] in words
    for secret in moving.environment.values():
        assert not any(secret in word for word in words)
    out, errors = running.process.communicate(timeout=60)
    assert running.process.returncode == 0, errors
    for secret in moving.environment.values():
        assert secret not in "".join(running.lines) + out + errors

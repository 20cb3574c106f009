"""Web servers from launch to termination, systemctl, user data, and crashes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncssh
import psutil
import pytest
from machineground import DNS, USER_DATA, WEB, Ground, folder_in, ground_in, until

from tsalab.errors import SandboxError
from tsalab.sandbox import processes
from tsalab.sandbox.machines import namespace

from .serving import APP, install_app, is_down, mariadb_pid, site


def test_user_data_ran_as_root_with_a_log(ground: Ground) -> None:
    assert ground.estate.servers.user_data_status(WEB) == 0
    log = ground.machine("var", "log", "cloud-init-output.log").read_text()
    assert "+ systemctl enable --now mariadb" in log
    assert "my-secret-pw" not in log


def test_systemctl_answers_as_systemd_does(own: Ground) -> None:
    own.launch()
    own.booted()

    def run(command: str) -> tuple[int, str, str]:
        done = own.ssh(command)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    assert run("systemctl is-active mariadb") == (0, "active", "")
    assert run("systemctl is-enabled mariadb.service") == (0, "enabled", "")
    code, out, _ = run("systemctl status mariadb")
    assert code == 0
    assert "● mariadb.service" in out
    assert f"Main PID: {mariadb_pid(own)} (mariadbd)" in out
    assert run("systemctl stop mariadb") == (4, "", "Failed to stop mariadb.service: Access denied")
    assert run("systemctl disable mariadb") == (4, "", "Failed to disable unit: Access denied")
    assert run("systemctl daemon-reload")[0] == 4
    assert run("sudo systemctl daemon-reload") == (0, "", "")
    assert run("sudo systemctl restart mariadb; sudo systemctl reload mariadb") == (0, "", "")
    assert run("sudo systemctl try-restart mysqld") == (0, "", "")
    assert run("sudo systemctl stop mariadb") == (0, "", "")
    assert run("systemctl is-active mariadb") == (3, "inactive", "")
    assert run("sudo systemctl try-restart mariadb") == (0, "", "")
    assert run("mysql -u tsauser -pmy-secret-pw")[0] == 1
    code, out, err = run("sudo systemctl disable mariadb")
    assert (code, out) == (0, "")
    assert 'Removed "/etc/systemd/system/multi-user.target.wants/mariadb.service".' in err
    assert run("systemctl is-enabled mariadb") == (1, "disabled", "")
    code, out, _ = run("systemctl status mariadb")
    assert code == 3
    assert "○ mariadb.service" in out
    assert "inactive (dead)" in out
    assert run("sudo systemctl enable --now mariadb")[0] == 0
    assert run("sudo service mariadb status")[0] == 0
    assert run("systemctl -q is-active mariadb") == (0, "", "")
    assert run("systemctl is-failed mariadb") == (1, "active", "")
    assert run("sudo systemctl disable --now mariadb")[0] == 0
    for command, code in (("status", 4), ("is-active", 3), ("is-failed", 1), ("is-enabled", 1), ("start", 5)):
        assert run(f"sudo systemctl {command} nginx")[0] == code
    assert run("sudo systemctl enable nginx")[0] == 1
    assert run("systemctl frobnicate mariadb")[0] == 1
    assert run("systemctl start") == (1, "", "Too few arguments.")


def test_a_killed_mariadb_is_started_again(ground: Ground) -> None:
    first = mariadb_pid(ground)
    os.kill(first, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(first))
    done = ground.ssh(
        "sudo systemctl start mariadb && "
        "mysql -Nu tsauser -pmy-secret-pw tsagallery -e 'SELECT COUNT(*) FROM images'"
    )
    assert done.stdout.strip() == "4", done


def test_a_mariadb_that_cannot_start_is_reported(own: Ground) -> None:
    own.launch()
    own.booted()
    own.ssh("sudo systemctl stop mariadb")
    for file in own.machine("var", "lib", "mysql", "data").glob("ibdata*"):
        file.write_bytes(b"nonsense")
    done = own.ssh("sudo systemctl start mariadb; systemctl is-active mariadb; systemctl status mariadb")
    assert "Job for mariadb.service failed" in done.stderr
    assert "InnoDB" in done.stderr
    assert done.stdout.startswith("failed\n× mariadb.service")
    assert done.returncode == 3


def test_a_server_resumes_as_it_was(own: Ground) -> None:
    own.launch()
    own.booted()
    install_app(own)
    own.ssh("sudo su - -c 'cd /opt/tsa_gallery; GREETING=again forever start ./bin/www.js'")
    assert site(own) == "app again"
    before = own.config.read_text()
    own.estate.stop()
    assert processes.members(own.folder) == []
    own.up()
    own.estate.servers.resume_all()
    assert site(own) == "app again"
    assert own.config.read_text() == before
    assert own.ssh("systemctl is-active mariadb").stdout == "active\n"
    own.ssh("sudo su - -c 'forever stopall; systemctl disable --now mariadb'")
    own.estate.stop()
    own.up()
    own.estate.servers.resume_all()
    assert is_down(own)
    assert own.ssh("systemctl is-active mariadb; forever list").stdout.startswith("inactive\n")


def test_a_crash_leaves_nothing_that_hinders_the_next_start(
    estates: Path, key: asyncssh.SSHKey, tmp_path: Path
) -> None:
    # A supervisor of its own, which can be killed as a machine kills one: at once.
    script = """
import os, sys
from pathlib import Path
import asyncssh
from machineground import ground_in
ground = ground_in(Path(sys.argv[1]), "crashed", asyncssh.read_private_key(sys.argv[2]))
ground.launch()
ground.booted()
print("up", flush=True)
sys.stdin.read()
"""
    private = tmp_path / "key"
    private.write_bytes(key.export_private_key())
    supervisor = subprocess.Popen(
        [sys.executable, "-c", script, str(estates), str(private)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    with supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"up\n"
        folder = folder_in(estates, "crashed")
        app = folder.path("machines", WEB, "opt", "tsa_gallery", "bin")
        app.mkdir()
        (app / "www.js").write_text(APP)
        subprocess.run(
            [
                *("ssh", "-F", str(folder.path("ssh", "config")), DNS),
                "sudo su - -c 'cd /opt/tsa_gallery; GREETING=crash forever start ./bin/www.js'",
            ],
            check=True,
            capture_output=True,
        )
        supervisor.kill()
    first = {process.pid for process in processes.members(folder)}
    assert first
    again = ground_in(estates, "crashed", key)
    try:
        again.estate.servers.resume_all()
        assert first.isdisjoint(process.pid for process in processes.members(folder))
        assert site(again) == "app crash"
        count = "mysql -Nu tsauser -pmy-secret-pw tsagallery -e 'SELECT COUNT(*) FROM images'"
        assert again.ssh(count).stdout == "4\n"
    finally:
        again.end()


def test_a_stopped_server_stays_stopped_and_starts_again(own: Ground) -> None:
    own.launch()
    own.booted()
    own.estate.servers.stop(WEB)
    assert own.estate.servers.http_address(DNS) is None
    assert own.ssh("true").returncode == 255
    own.estate.stop()
    own.up()
    own.estate.servers.resume_all()
    assert own.ssh("true").returncode == 255
    own.estate.servers.start(WEB)
    own.estate.servers.start(WEB)
    assert own.ssh("systemctl is-active mariadb").stdout == "active\n"


def test_a_terminated_server_leaves_nothing(own: Ground) -> None:
    own.launch()
    own.estate.servers.terminate(WEB)
    assert processes.members(own.folder) == []
    assert not own.machine().exists()
    assert own.config.read_text() == ""
    own.estate.servers.terminate(WEB)
    with pytest.raises(SandboxError, match="no web server"):
        own.estate.servers.stop(WEB)


def test_one_id_is_one_server(ground: Ground) -> None:
    with pytest.raises(SandboxError, match="already has a web server"):
        ground.launch()


@pytest.mark.parametrize(
    ("user_data", "log", "status"),
    [("", "no user data", 0), ("#cloud-config", "ignored", 0), ("#!/bin/sh\necho oops; exit 3", "oops", 3)],
)
def test_user_data_of_other_kinds(own: Ground, user_data: str, log: str, status: int) -> None:
    own.launch(user_data=user_data)
    done = own.ssh("cloud-init status --wait")
    assert done.stdout.strip() == ("status: error" if status else "status: done")
    assert own.estate.servers.user_data_status(WEB) == status
    assert log in own.machine("var", "log", "cloud-init-output.log").read_text()


def test_user_data_that_was_cut_short_runs_again(own: Ground) -> None:
    own.launch(user_data="#!/bin/sh\necho run >> $HOME/runs\n[ -e $HOME/second ] || exec sleep 1000\n")
    runs = own.machine("root", "runs")
    deadline = time.monotonic() + 10
    while not runs.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    own.estate.stop()
    own.machine("root", "second").touch()
    own.up()
    own.estate.servers.resume_all()
    own.booted()
    assert runs.read_text() == "run\nrun\n"


def test_two_sandboxes_do_not_meet(own: Ground, estates: Path, key: asyncssh.SSHKey) -> None:
    other = ground_in(estates, "other", key)
    try:
        for one in (own, other):
            one.launch()
        for one, word in ((own, "one"), (other, "two")):
            one.booted()
            install_app(one)
            one.ssh(f"sudo su - -c 'cd /opt/tsa_gallery; GREETING={word} forever start ./bin/www.js'")
        assert (site(own), site(other)) == ("app one", "app two")
        own.ssh("sudo su - -c 'forever stopall; systemctl stop mariadb'")
        assert site(other) == "app two"
        assert other.ssh("systemctl is-active mariadb").stdout == "active\n"
    finally:
        other.end()


@pytest.mark.parametrize("wrapper", [namespace.unshare, namespace.plain], ids=["unshare", "none"])
def test_the_lab_works_without_bubblewrap(
    own: Ground, wrapper: namespace.Wrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namespace, "choose", lambda machine: wrapper)
    own.launch()
    if wrapper is namespace.unshare and not namespace.works(wrapper, own.machine()):
        pytest.skip("this kernel allows no mount namespace")
    own.booted()
    install_app(own)
    done = own.ssh(
        "cd /opt/tsa_gallery/ && ls bin && sudo su - -c 'cd /opt/tsa_gallery/; ls bin; echo $REGION; whoami'"
    )
    assert done.stdout == "www.js\nwww.js\nus-east-1\nroot\n", done
    assert own.ssh("ls $TSA_APP_DIR/bin").stdout == "www.js\n"
    own.ssh("sudo su - -c 'cd /opt/tsa_gallery/; GREETING=plain forever start ./bin/www.js'")
    assert site(own) == "app plain"
    own.estate.stop()
    own.up()
    own.estate.servers.resume_all()
    assert site(own) == "app plain"


def test_the_way_into_a_namespace_is_chosen_by_trying(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namespace.shutil, "which", lambda program: None)
    assert namespace.choose.__wrapped__(ground.machine()) is namespace.plain


def test_ssh_config_names_the_instance_too(ground: Ground) -> None:
    assert ground.ssh("whoami", host=WEB).stdout == "ec2-user\n"
    facts = json.loads(ground.machine("machine.json").read_text())
    assert facts["token"] not in ground.config.read_text()
    assert facts["user_data"] == USER_DATA


def test_a_server_ended_while_it_boots_leaves_nothing(own: Ground) -> None:
    for number in range(4):
        own.launch(f"i-{number:017x}", f"ec2-203-0-113-{number}.compute-1.sandbox.internal")
        if number % 2:
            own.ssh("true", host=f"i-{number:017x}")
        own.estate.servers.terminate(f"i-{number:017x}")
    assert list(own.folder.path("machines").iterdir()) == []
    assert processes.members(own.folder) == []


def test_a_question_that_makes_no_sense_is_answered_with_an_error(ground: Ground) -> None:
    for question in (
        b"nonsense\n",
        b'{"tool": "x"}\n',
        b'{"tool": "x", "user": "", "args": [], "cwd": ""}\n',
    ):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(ground.folder.runtime / f"a-{WEB[-8:]}"))
            connection.sendall(question)
            answer = json.loads(connection.makefile("rb").readline())
        assert answer["status"] == 1
        assert "cannot answer" in answer["stderr"]

"""Sandboxes come up, go down, come back, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tsalab.errors import SandboxError
from tsalab.sandbox import manager, processes
from tsalab.sandbox.folder import Folder, write_json

UP = [sys.executable, "-m", "tsalab", "sandbox", "up", "--bare", "--name"]


def up(name, **more):
    return manager.up(name, start_state=False, **more)


def leave_data(name):
    session = manager.session(name)
    session.client("secretsmanager").create_secret(Name="kept", SecretString="value")
    place = {"LocationConstraint": session.region_name}
    session.client("s3").create_bucket(Bucket="kept", CreateBucketConfiguration=place)
    session.client("s3").put_object(Bucket="kept", Key="photo", Body=b"pixels")


def has_data(name):
    session = manager.session(name)
    photo = session.client("s3").get_object(Bucket="kept", Key="photo")["Body"]
    with photo:
        assert photo.read() == b"pixels"
    return session.client("secretsmanager").get_secret_value(SecretId="kept")["SecretString"] == "value"


def nothing_runs(facts):
    assert processes.members(Folder(facts["name"])) == []
    for port in facts["ports"].values():
        with socket.create_server(("127.0.0.1", port)):
            pass
    return True


def saved(folder):
    """Wait until the last change is on disk."""
    file = folder.path("control", "state", "secretsmanager.json")
    deadline = time.monotonic() + 10
    while not file.exists() or "kept" not in file.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_sandbox_goes_down_and_comes_back(home):
    before = up("one")
    leave_data("one")
    manager.down("one")
    assert nothing_runs(before)
    assert not Folder("one")._runtime().exists()
    assert not manager.status("one")["running"]
    after = up("one")
    assert after["pid"] != before["pid"]
    assert {name: after[name] for name in ("endpoint_url", "account_id", "env")} == {
        name: before[name] for name in ("endpoint_url", "account_id", "env")
    }
    assert has_data("one")
    assert up("one")["pid"] == after["pid"]


def test_a_killed_supervisor_loses_nothing_that_is_a_second_old(home):
    before = up("one")
    leave_data("one")
    saved(Folder("one"))
    psutil.Process(before["pid"]).kill()
    after = up("one")
    assert after["endpoint_url"] == before["endpoint_url"]
    assert has_data("one")
    manager.down("one")
    assert nothing_runs(after)


def test_down_also_ends_what_a_killed_supervisor_left(home):
    facts = up("one")
    left = processes.spawn([sys.executable, "-c", "import time; time.sleep(60)"], folder=Folder("one"))
    psutil.Process(facts["pid"]).kill()
    manager.down("one")
    assert nothing_runs(facts)
    left.wait(5)


def test_fresh_starts_over(home):
    before = up("one")
    leave_data("one")
    after = up("one", fresh=True)
    assert after["account_id"] != before["account_id"]
    assert manager.session("one").client("s3").list_buckets()["Buckets"] == []


def test_two_live_side_by_side(home):
    one, two = up("one"), up("two")
    leave_data("one")
    assert not set(one["ports"].values()) & set(two["ports"].values())
    assert manager.session("two").client("s3").list_buckets()["Buckets"] == []
    manager.down("one", delete=True)
    assert manager.names() == ["two"]
    assert manager.status("two")["running"]


def test_concurrent_ups_share_one_supervisor(home):
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: up("one"), range(2))
    assert first["pid"] == second["pid"]


def test_ctrl_c_leaves_nothing(home):
    process = subprocess.Popen([*UP, "one"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("starting sandbox one")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert processes.members(Folder("one")) == []
    assert up("one")["running"]


def test_a_taken_port_is_told_before_anything_starts(home):
    port = up("one")["ports"]["endpoint"]
    manager.down("one")
    with socket.create_server(("127.0.0.1", port)), pytest.raises(SandboxError, match=f"Port {port}"):
        up("one")
    assert processes.members(Folder("one")) == []
    assert up("one")["ports"]["endpoint"] == port


def test_a_supervisor_that_fails_is_told_with_its_log(home):
    Folder("one").create()
    write_json(Folder("one").path("control", "identity.json"), {"nothing": 1})
    with pytest.raises(SandboxError) as caught:
        up("one")
    assert "TypeError" in caught.value.why
    assert str(Folder("one").path("supervisor.log")) in caught.value.next_step
    assert processes.members(Folder("one")) == []


def test_a_supervisor_that_says_nothing_is_given_up(home, monkeypatch):
    monkeypatch.setattr(manager, "START_SECONDS", 0.01)
    with pytest.raises(SandboxError, match="did not start"):
        up("one")
    assert processes.members(Folder("one")) == []


def test_a_second_supervisor_is_refused(home):
    facts = up("one")
    read, write = os.pipe()
    with os.fdopen(read) as report:
        argv = [sys.executable, "-m", "tsalab.sandbox.supervisor", "one", str(write)]
        subprocess.run(argv, pass_fds=[write], check=True, timeout=30)
        os.close(write)
        said = json.loads(report.readline())
    assert "already supervised" in said["error"]["what"]
    assert manager.status("one")["pid"] == facts["pid"]


def test_a_failed_start_state_leaves_nothing_running(home, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no luck")

    monkeypatch.setattr("tsalab.start_state.create", fail)
    with pytest.raises(RuntimeError, match="no luck"):
        manager.up("one")
    assert processes.members(Folder("one")) == []


@pytest.mark.parametrize("call", ["down", "status", "env", "session", "web_server"])
def test_an_unknown_sandbox_is_told(home, call):
    up("known")
    with pytest.raises(SandboxError) as caught:
        getattr(manager, call)("unknown")
    assert "known" in caught.value.why


def test_ssh_needs_a_running_sandbox_and_a_server(home, monkeypatch):
    up("one")
    with pytest.raises(SandboxError, match="no running web server"):
        manager.web_server("one")
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SandboxError, match="ssh was not found"):
        manager.web_server("one")
    manager.down("one")
    with pytest.raises(SandboxError, match="is down"):
        manager.web_server("one")

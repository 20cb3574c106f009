from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from tsalab.sandbox import processes
from tsalab.sandbox.folder import Folder

SLEEP = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
IGNORE = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
STUBBORN = [sys.executable, "-c", IGNORE + SLEEP[2]]
DETACH = """
import os, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
print(os.getpid(), flush=True)
time.sleep(60)
"""
DAEMON = [sys.executable, "-c", DETACH]


@pytest.fixture
def folder(home):
    folder = Folder("one")
    folder.create()
    yield folder
    processes.end_all(folder, grace=0.1)


def start(argv, folder):
    process = processes.spawn(argv, folder=folder, stdout=subprocess.PIPE)
    assert process.stdout is not None
    line = process.stdout.readline()
    process.stdout.close()
    return process, line


def test_members_are_found_by_their_marker(folder):
    process, _ = start(SLEEP, folder)
    assert processes.members(folder) == [psutil.Process(process.pid)]
    assert processes.members(Folder("two")) == []
    assert os.getpgid(process.pid) == process.pid
    process.kill()
    process.wait()


def test_a_daemon_is_found_after_its_parents_are_gone(folder):
    process, line = start(DAEMON, folder)
    process.wait(5)
    assert [member.pid for member in processes.members(folder)] == [int(line)]
    assert processes.end_all(folder) == 1
    assert processes.members(folder) == []


def test_a_process_that_ignores_the_request_is_killed(folder):
    process, _ = start(STUBBORN, folder)
    assert processes.end_all(folder, grace=0.2) == 1
    assert process.wait(5) == -signal.SIGKILL


def test_ending_what_is_gone_is_no_error(folder):
    process, _ = start(SLEEP, folder)
    gone = psutil.Process(process.pid)
    process.kill()
    process.wait()
    processes.end([gone])
    assert processes.end_all(folder) == 0


def test_output_goes_to_the_log(folder):
    log = folder.path("logs", "x.log")
    processes.spawn([sys.executable, "-c", "print('hello')"], folder=folder, log=log).wait()
    assert log.read_text() == "hello\n"


def test_a_missing_program_is_an_error(folder):
    with pytest.raises(FileNotFoundError):
        processes.spawn(["no-such-program"], folder=folder, log=folder.path("x.log"))

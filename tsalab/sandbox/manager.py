"""Start, stop and describe sandboxes; what the command line calls."""

from __future__ import annotations

import http
import http.client
import json
import os
import select
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psutil

from tsalab import settings
from tsalab.errors import LedgerError, SandboxError
from tsalab.ledger import Commission
from tsalab.messages import say
from tsalab.sandbox import processes
from tsalab.sandbox.folder import DEFAULT_NAME, Folder, sandboxes
from tsalab.sandbox.ports import Ports

if TYPE_CHECKING:
    import boto3

OnEvent = Callable[[str], None]
START_SECONDS = 60.0  # a supervisor that says nothing for so long is stuck
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05
HEALTH = "/_ministack/health"
_PATIENCE = 120.0  # for each part of the starting state; all of it takes seconds


def _silent(_message: str) -> None:
    return None


def up(
    name: str = DEFAULT_NAME,
    *,
    start_state: bool = True,
    fresh: bool = False,
    commission: Commission | None = None,
    on_event: OnEvent = _silent,
) -> dict[str, Any]:
    """Bring a sandbox up: create it, resume it, or find it running.

    Two callers at a time are served one after the other; both get a running sandbox.

    Parameters
    ----------
    name
        The sandbox.
    start_state
        Create what labs 1 to 3 leave behind, unless it is there.
    fresh
        Remove an existing sandbox of that name first.
    commission
        Whom its ledger is for, and the key that signs it; without one it vouches for itself.
    on_event
        Called with one line for each thing that happens.

    Returns
    -------
    dict
        Its facts, without secrets; see `status`.

    Raises
    ------
    SandboxError
        When something it needs is missing or its start fails; nothing is left running.
    LedgerError
        When it is given a commission and runs already.
    """
    folder = Folder(name)
    with _turn(folder, on_event):
        if fresh:
            _stop(folder)
            Ports(folder).forget_all()
            folder.delete()
        if not _answers(folder):
            _start(folder, on_event, commission or Commission.issue(None, "", name), start_state=start_state)
        elif commission:
            raise LedgerError.too_late(name)
        if start_state and not folder.read_facts().get("start_state"):
            _create_start_state(folder, on_event)
    return status(name)


def _answers(folder: Folder) -> bool:
    """Whether a supervisor is there and answers; waits for the end of one that is dying."""
    deadline = time.monotonic() + _STOP_SECONDS
    while folder.supervised():
        address = folder.read_facts().get("endpoint_url", "").removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=_STOP_SECONDS)
        try:
            connection.request("GET", HEALTH)
            if connection.getresponse().status == http.HTTPStatus.OK:
                return True
        except (OSError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise SandboxError.does_not_answer(folder.name) from None
            time.sleep(_POLL_SECONDS)
        finally:
            connection.close()
    return False


def _start(folder: Folder, on_event: OnEvent, commission: Commission, *, start_state: bool) -> None:
    from tsalab.sandbox import preparation, requirements

    requirements.check()
    if start_state:
        preparation.prepare(on_event)
    if left := processes.end_all(folder):
        on_event(say("sandbox.told.ended_left", count=left))
    known = folder.path("ports.json").exists()
    folder.create()
    Ports(folder).check()
    on_event(say("sandbox.told.resuming" if known else "sandbox.told.starting", name=folder.name))
    began = time.monotonic()
    try:
        _supervise(folder, commission)
    except BaseException:  # Ctrl-C included: what did not start must not stay half started
        _stop(folder)
        raise
    on_event(say("sandbox.told.ready", seconds=time.monotonic() - began))


def _supervise(folder: Folder, commission: Commission) -> None:
    """Start the supervisor, hand it its commission, and wait for its word."""
    read, write = os.pipe()
    with os.fdopen(read, "rb") as report:
        try:
            launcher = processes.spawn_python(
                ["-m", "tsalab.sandbox.supervisor", folder.name, str(write)],
                folder=folder,
                cwd="/",
                log=folder.path("supervisor.log"),
                pass_fds=[write],
            )
            assert launcher.stdin is not None  # noqa: S101 - it is a pipe
            # Neither its arguments nor its environment, which others may see, hold the key.
            with suppress(BrokenPipeError), launcher.stdin as told:
                told.write(json.dumps(commission.to_json()) + "\n")
            launcher.wait()  # it forks the supervisor, which is then nobody's child, and ends
        finally:
            os.close(write)
        log = str(folder.path("supervisor.log"))
        heard, _, _ = select.select([report], [], [], START_SECONDS)
        line = report.readline() if heard else b""
    if not line:
        why = (
            say("sandbox.supervisor_failed.ended")
            if heard
            else say("sandbox.supervisor_failed.silent", seconds=START_SECONDS)
        )
        raise SandboxError.supervisor_failed(folder.name, why, log)
    said = json.loads(line)
    if "error" in said:
        raise SandboxError(**said["error"])


def _create_start_state(folder: Folder, on_event: OnEvent) -> None:
    from tsalab.cloud.account import Account
    from tsalab.profiles import Profile
    from tsalab.start_state import create

    try:
        account = Account(
            Profile(folder.name, folder.path("aws", "config"), folder.path("aws", "credentials"))
        )
        create(account, patience=_PATIENCE, on_event=lambda part, detail: on_event(f"{part}: {detail}"))
    except BaseException:  # Ctrl-C included
        _stop(folder)
        raise
    folder.write_facts({**folder.read_facts(), "start_state": True})


def session(name: str = DEFAULT_NAME) -> boto3.Session:
    """A boto3 session of the learner's profile in a sandbox, whatever the environment says.

    Raises
    ------
    SandboxError
        When there is no such sandbox.
    """
    return session_in(existing(name))


def session_in(folder: Folder) -> boto3.Session:
    """A boto3 session of the learner's profile in a sandbox's folder."""
    import boto3
    import botocore.session

    core = botocore.session.Session(profile=folder.name)
    core.set_config_variable("config_file", str(folder.path("aws", "config")))
    core.set_config_variable("credentials_file", str(folder.path("aws", "credentials")))
    return boto3.Session(botocore_session=core)


def down(name: str = DEFAULT_NAME, *, delete: bool = False, on_event: OnEvent = _silent) -> None:
    """End every process of a sandbox; it keeps its data unless told otherwise.

    Parameters
    ----------
    name
        The sandbox.
    delete
        Remove its folder as well.
    on_event
        Called with one line for each thing that happens.

    Raises
    ------
    SandboxError
        When there is no such sandbox.
    """
    folder = existing(name)
    with _turn(folder, on_event):
        _stop(folder)
        on_event(say("sandbox.told.down", name=name))
        if delete:
            Ports(folder).forget_all()
            folder.delete()
            on_event(say("sandbox.told.removed", folder=folder.root))


def _stop(folder: Folder) -> None:
    for supervisor in _supervisors(folder):
        supervisor.terminate()
        processes.wait([supervisor], _STOP_SECONDS)
    processes.end_all(folder)
    folder.remove_runtime()


def _supervisors(folder: Folder) -> list[psutil.Process]:
    return [process for process in processes.members(folder) if _is_supervisor(process)]


def _is_supervisor(process: psutil.Process) -> bool:
    try:
        return "tsalab.sandbox.supervisor" in process.cmdline()
    except psutil.Error:
        return False  # it ended meanwhile


def status(name: str = DEFAULT_NAME) -> dict[str, Any]:
    """Facts of one sandbox: name, state, endpoint, ports, processes, paths.

    Raises
    ------
    SandboxError
        When there is no such sandbox.
    """
    folder = existing(name)
    facts = folder.read_facts()
    running = folder.supervised()
    return {
        **facts,
        "name": name,
        "running": running,
        "pid": facts.get("pid") if running else None,
        "folder": str(folder.root),
        "processes": [_describe(process) for process in processes.members(folder)],
        "env": env(name),
    }


def _describe(process: psutil.Process) -> dict[str, Any]:
    try:
        return {"pid": process.pid, "name": process.name()}
    except psutil.Error:
        return {"pid": process.pid, "name": "ended"}


def names() -> list[str]:
    """Names of this user's sandboxes, running or not."""
    root = sandboxes()
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def env(name: str = DEFAULT_NAME) -> dict[str, str]:
    """Environment with which ``aws`` and every SDK reach the sandbox.

    Raises
    ------
    SandboxError
        When there is no such sandbox.
    """
    folder = existing(name)
    profile = folder.path("aws", "config")
    return {
        "AWS_PROFILE": name,
        "AWS_CONFIG_FILE": str(profile),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder.path("aws", "credentials")),
        "AWS_REGION": folder.read_facts().get("region") or settings.get("region"),
    }


def web_server(name: str = DEFAULT_NAME) -> tuple[str, list[str]]:
    """The running web server's public name, and the ``ssh`` command that reaches it.

    Raises
    ------
    SandboxError
        When the sandbox is down, ``ssh`` is missing, or there is no running web server.
    """
    folder = existing(name)
    if not folder.supervised():
        raise SandboxError.not_running(name)
    ssh = shutil.which("ssh")
    if ssh is None:
        raise SandboxError.tool_missing("ssh", say("sandbox.needs.ssh"), say("sandbox.install.ssh"))
    reservations = (
        session(name)
        .client("ec2")
        .describe_instances(
            Filters=[
                {"Name": "instance-state-name", "Values": ["running"]},
                {"Name": "tag:aws:cloudformation:logical-id", "Values": ["WebServer"]},
            ]
        )["Reservations"]
    )
    hosts = [i["PublicDnsName"] for r in reservations for i in r["Instances"]]
    if not hosts:
        raise SandboxError.no_web_server(name)
    return hosts[0], [ssh, "-F", str(folder.path("ssh", "config")), hosts[0]]


def existing(name: str) -> Folder:
    """The folder of a sandbox.

    Raises
    ------
    SandboxError
        When there is none of that name.
    """
    folder = Folder(name)
    if not folder.exists():
        raise SandboxError.no_such(name, names())
    return folder


@contextmanager
def _turn(folder: Folder, on_event: OnEvent) -> Iterator[None]:
    """Let one command at a time work on a sandbox. The lock file goes with the folder."""
    import fcntl

    sandboxes().mkdir(parents=True, exist_ok=True)
    path = sandboxes() / f".{folder.name}.lock"
    while True:
        file = path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_event(say("sandbox.told.waiting", name=folder.name))
            fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            break
        file.close()  # whoever had it removed it, with the sandbox
    try:
        yield
    finally:
        if not folder.exists():
            path.unlink(missing_ok=True)
        file.close()

"""The one process that holds a sandbox: control plane and machines, until it is told to end.

``python -m tsalab.sandbox.supervisor NAME REPORT_FD`` is started by the manager, detached
from the terminal. It reports to its starter through a pipe: one JSON line, ``{"ready":
true}`` or ``{"error": {what, why, next_step}}``. Afterwards its log is ``supervisor.log``. On the
first line of its standard input stands whom its ledger is for, with the key that signs it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from tsalab import settings
from tsalab.errors import SandboxError, TsalabError
from tsalab.ledger import Commission
from tsalab.sandbox import processes
from tsalab.sandbox.folder import Folder
from tsalab.sandbox.ports import Ports

_BACKLOG = 256

logger = logging.getLogger("tsalab.sandbox.supervisor")


def main(name: str, report_fd: int) -> int:
    """Hold the sandbox until SIGTERM.

    Parameters
    ----------
    name
        The sandbox.
    report_fd
        Pipe that the starter reads.

    Returns
    -------
    int
        Exit status.
    """
    # Started under nohup, this process ignores SIGHUP, and so would every program of the
    # machines: a terminal that closes would leave them running. A handler is not inherited.
    signal.signal(signal.SIGHUP, lambda *_: None)
    folder = Folder(name)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s [%(name)s] %(message)s")
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    with (
        os.fdopen(report_fd, "w", encoding="utf-8") as pipe,
        folder.lock("supervisor.lock", wait=False) as ours,
    ):
        report = _Report(pipe)
        if not ours:
            report.failed(SandboxError.already_held(name))
            return 1
        try:
            _hold(folder, report)
        except TsalabError as error:
            logger.exception("the sandbox cannot go on")
            report.failed(error)
            return 1
        except Exception as error:
            logger.exception("the sandbox cannot go on")
            report.failed(
                SandboxError.supervisor_failed(
                    name, f"{type(error).__name__}: {error}", str(folder.path("supervisor.log"))
                )
            )
            return 1
    return 0


class _Report:
    """What the starter is told, once."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def _say(self, message: dict[str, Any]) -> None:
        if self._pipe.closed:
            return
        try:
            self._pipe.write(json.dumps(message) + "\n")
            self._pipe.close()
        except BrokenPipeError:
            logger.warning("the starter of this sandbox is gone")

    def ready(self) -> None:
        self._say({"ready": True})

    def failed(self, error: TsalabError) -> None:
        self._say({"error": {"what": error.what, "why": error.why, "next_step": error.next_step}})


def _hold(folder: Folder, report: _Report) -> None:
    from tsalab.sandbox.control.identity import Identity

    commission = Commission.from_json(json.loads(sys.stdin.readline()))
    who = Identity.of(folder, settings.get("region"))
    ports = Ports(folder)
    ports.check()
    port = ports.get("endpoint")
    with socket.create_server(("127.0.0.1", port), backlog=_BACKLOG) as listener:
        try:
            asyncio.run(_run(folder, who, ports, listener, report, commission))
        finally:
            processes.end_all(folder, grace=2.0)
            folder.remove_runtime()
            folder.write_facts({**folder.read_facts(), "pid": None})
    logger.info("ended")


async def _run(
    folder: Folder,
    who: Any,
    ports: Ports,
    listener: socket.socket,
    report: _Report,
    commission: Commission,
) -> None:
    from tsalab.sandbox.control import identity
    from tsalab.sandbox.control.server import ControlPlane, configure
    from tsalab.sandbox.ledger import desk
    from tsalab.sandbox.ledger.keeper import Ledger

    port = listener.getsockname()[1]
    endpoint_url = f"http://127.0.0.1:{port}"
    configure(folder, who, port)
    context = _context(folder, ports, who, endpoint_url)
    ledger = Ledger(folder, commission, who.account_id, who.region)
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    estate_up = _in_thread(context.estate.start, "estate")
    plane = ControlPlane(context)
    try:
        plane.load()
        identity.seed_learner(who)
        identity.write_profile(folder, who, endpoint_url)
        await estate_up
        resumed: list[asyncio.Future[None]] = []

        def ready() -> None:
            future = _in_thread(plane.resume, "resume")
            future.add_done_callback(lambda done: _tell(done, folder, context, report, end))
            resumed.append(future)

        async with desk.opened(context, ledger):
            await plane.serve(listener, ready, end)
        for future in resumed:
            future.result()
    finally:
        await _in_thread(context.estate.stop, "stop")
        ledger.close()


def _context(folder: Folder, ports: Ports, who: Any, endpoint_url: str) -> Any:
    from tsalab.sandbox.control import identity
    from tsalab.sandbox.control.context import Context
    from tsalab.sandbox.machines.estate import Estate

    return Context(
        folder=folder,
        ports=ports,
        estate=Estate(folder, ports),
        endpoint_url=endpoint_url,
        region=who.region,
        account_id=who.account_id,
        root_key=identity.new_root_session(who.account_id),
    )


def _tell(
    done: asyncio.Future[None], folder: Folder, context: Any, report: _Report, end: asyncio.Event
) -> None:
    """Report the sandbox ready, or end it: a failed resume must not look like a running sandbox."""
    if done.cancelled() or done.exception() is not None:
        end.set()
        return
    facts = {
        "name": folder.name,
        "pid": os.getpid(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(psutil.Process().create_time())),
        "region": context.region,
        "account_id": context.account_id,
        "endpoint_url": context.endpoint_url,
        "ports": context.ports.as_dict(),
    }
    folder.write_facts({**folder.read_facts(), **facts})
    report.ready()
    logger.info("ready on %s", context.endpoint_url)


def _in_thread(function: Callable[[], Any], name: str) -> asyncio.Future[None]:
    """Run a blocking function on a thread of its own; the future carries its end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            function()
        except BaseException as caught:  # noqa: BLE001 - carried to the waiting coroutine
            error = caught
        loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


if __name__ == "__main__":
    if os.fork():
        os._exit(0)  # the starter need not wait for us, nor reap us
    sys.exit(main(sys.argv[1], int(sys.argv[2])))

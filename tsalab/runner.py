"""Run a notebook without a browser: papermill, with a kernel that may start ahead of it.

What happened is read from the step records, never from papermill's own marks: after a
time-out it calls a cell completed, and an error moves the cells' positions.
"""

from __future__ import annotations

import asyncio
import importlib
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from tsalab import nursery
from tsalab.messages import say
from tsalab.records import Record
from tsalab.records.notebook import cell_records
from tsalab.show.text import without_colours

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager

START_SECONDS = 60.0
_SAVE_SECONDS = 1


@dataclass(frozen=True)
class CellDone:
    """A code cell that ended.

    Parameters
    ----------
    cell
        Its id.
    seconds
        How long it ran.
    records
        The records in its output.
    """

    cell: str
    seconds: float
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Run:
    """What is left of a run.

    Parameters
    ----------
    notebook
        The executed notebook, also when a cell failed.
    records
        Of its steps, in the order they ran, and of what else was recorded.
    error
        What the failing cell said, without colours; empty when none failed.
    seconds
        From the first cell's start to the last one's end.
    """

    notebook: Path
    records: tuple[Record, ...]
    error: str
    seconds: float
    cells: tuple[CellDone, ...] = field(default=(), repr=False)

    @property
    def latest(self) -> dict[int | str, Record]:
        """The last outcome of each step."""
        return {record.step: record for record in self.records if record.is_outcome}


def load() -> None:
    """Import what runs a notebook and what makes its page.

    jsonschema, which both need, builds a grammar of internationalised addresses from the
    optional package ``rfc3987-syntax`` when it is imported: 0.9 s of the 1.4 s, for a
    check that no notebook's schema asks for. Declared absent, it is left out.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # importlib's own convention
    for name in ("papermill.execute", "nbconvert.exporters.html"):
        importlib.import_module(name)


class WarmKernel:
    """A kernel that starts while something else does. A context manager, for one run.

    Parameters
    ----------
    folder
        Where the kernel works. papermill would change the directory of this whole
        process instead.
    environment
        Variables besides this process's own.
    log
        File for what the kernel process itself writes.
    imports
        Modules that the kernel loads ahead of the first cell.
    """

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
        imports: Sequence[str] = (),
    ) -> None:
        self._imports = tuple(imports)
        self._folder = folder
        self._environment = dict(environment or {})
        self._log = log
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="tsalab-kernel")
        self._started: Future[AsyncKernelManager] | None = None
        self._runtime = Path()

    def __enter__(self) -> Self:
        # Unix sockets in a private folder of a short name, rather than TCP ports: no
        # other user of the machine can reach the kernel.
        self._runtime = Path(tempfile.mkdtemp(prefix="tsalab-"))
        self._started = self._pool.submit(self._start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._started is not None and self._started.exception() is None:
                asyncio.run(_end(self._started.result()))
        finally:
            self._pool.shutdown()
            shutil.rmtree(self._runtime, ignore_errors=True)

    @property
    def manager(self) -> AsyncKernelManager:
        """The kernel's manager, once its process is there."""
        if self._started is None:
            raise RuntimeError("the kernel is used outside its context")
        return self._started.result(START_SECONDS)

    def kill(self) -> None:
        """End the kernel's process at once, whatever it does."""
        process = getattr(self.manager.provisioner, "process", None)  # a local kernel's; a remote has none
        if process is not None:
            process.kill()

    def _start(self) -> AsyncKernelManager:
        from jupyter_client.manager import AsyncKernelManager

        manager = AsyncKernelManager(kernel_name="python3", transport="ipc")
        manager.connection_file = str(self._runtime / "kernel.json")
        manager.provisioner = _provisioner(manager)
        sink = self._log.open("ab") if self._log else None
        try:
            asyncio.run(self._begin(manager, os.environ | self._environment, sink))
        finally:
            if sink:
                sink.close()
        # So that the run itself need not wait for them.
        load()
        return manager

    async def _begin(
        self, manager: AsyncKernelManager, environment: Mapping[str, str], sink: IO[bytes] | None
    ) -> None:
        ahead = [f"__import__({name!r})" for name in self._imports]
        if nursery.VARIABLE in environment:  # its parent is the nursery, which need not end with us
            ahead.insert(0, f"__import__({__name__!r}, fromlist=['']).end_with_input()")
        await manager.start_kernel(
            cwd=str(self._folder),
            env=dict(environment),
            extra_arguments=["--HistoryManager.hist_file=:memory:", f"--IPKernelApp.exec_lines={ahead!r}"],
            stdout=sink or subprocess.DEVNULL,
            stderr=sink or subprocess.DEVNULL,
        )


def _provisioner(manager: AsyncKernelManager) -> Any:
    """What starts the kernel's process: forked, where there is a nursery."""
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner

    class Provisioner(LocalProvisioner):
        async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
            if nursery.VARIABLE not in kwargs["env"] or cmd[0] != sys.executable:
                return await super().launch_kernel(cmd, **kwargs)
            streams = {name: kwargs[name] for name in ("stdout", "stderr")}
            self.cwd = kwargs["cwd"]
            process: Any = nursery.start(
                cmd[1:], env=kwargs["env"], cwd=self.cwd, stdin=subprocess.PIPE, **streams
            )
            self.process = process
            self.pid = self.pgid = process.pid  # it has a session of its own
            return self.connection_info

    return Provisioner(parent=manager, kernel_id=manager.kernel_id, kernel_spec=manager.kernel_spec)


def end_with_input() -> None:
    """End this process at once when its standard input ends: then whoever started it is gone."""

    def watch() -> None:
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=watch, name="tsalab-input", daemon=True).start()


async def _end(manager: AsyncKernelManager) -> None:
    if await manager.is_alive():
        await manager.shutdown_kernel(now=True)
    manager.cleanup_connection_file()


def run(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, object],
    kernel: WarmKernel,
    *,
    on_cell: Callable[[CellDone], None] | None = None,
) -> Run:
    """Execute a notebook; the executed copy is saved as cells end, but not more than once a second.

    Parameters
    ----------
    notebook
        To be executed; never written.
    output
        The executed copy.
    parameters
        For the notebook's parameters cell. The notebook's own library refuses unknown ones.
    kernel
        Where it runs.
    on_cell
        Called as each code cell ends.

    Returns
    -------
    Run
        Also when a cell failed: its error is in it.
    """
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook

    output.parent.mkdir(parents=True, exist_ok=True)
    done: list[CellDone] = []
    engine = _engine(kernel, done, on_cell)
    papermill_engines.register("tsalab", engine)
    began = time.monotonic()
    error = ""

    def execute() -> None:
        execute_notebook(
            str(notebook), str(output), dict(parameters), engine_name="tsalab", progress_bar=False
        )

    try:
        _interruptible(execute, kernel)
    except PapermillExecutionError as failed:
        error = without_colours(f"{failed.ename}: {failed.evalue}")
    except (TimeoutError, RuntimeError) as failed:  # nbclient: the kernel died or never answered
        error = f"{type(failed).__name__}: {failed}"
    records = tuple(record for cell in done for record in cell.records)
    return Run(output, records, error, time.monotonic() - began, tuple(done))


def _interruptible(work: Callable[[], None], kernel: WarmKernel) -> None:
    """Do some work on another thread, so that Ctrl-C reaches this one at once.

    On the main thread nbclient takes SIGINT for itself and asks the kernel to shut down,
    which a busy kernel may never hear; the signal is then lost.
    """

    def on_a_loop() -> None:
        from jupyter_core.utils import ensure_event_loop

        loop = ensure_event_loop()  # the one that nbclient will take on this thread
        try:
            work()
        finally:
            loop.close()

    with ThreadPoolExecutor(1, thread_name_prefix="tsalab-papermill") as pool:
        future = pool.submit(on_a_loop)
        try:
            future.result()
        except KeyboardInterrupt:
            kernel.kill()  # papermill sees it dead, saves the notebook and ends
            raise


def _engine(kernel: WarmKernel, done: list[CellDone], on_cell: Callable[[CellDone], None] | None) -> type:
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine

    class TsalabEngine(Engine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: object) -> None:
            complete = nb_man.cell_complete
            began = 0.0

            def cell_start(cell: Any, *args: Any, **kwargs: Any) -> None:
                nonlocal began
                began = time.monotonic()
                type(nb_man).cell_start(nb_man, cell, *args, **kwargs)

            def cell_complete(cell: Any, *args: Any, **kwargs: Any) -> None:
                complete(cell, *args, **kwargs)
                if cell.cell_type == "code":
                    _report(cell, time.monotonic() - began, done, on_cell)

            nb_man.cell_start, nb_man.cell_complete = cell_start, cell_complete
            nb_man.save = _seldom(nb_man.save)
            nb_man.autosave_cell_every = _SAVE_SECONDS  # what was put off comes with the next output
            # A step waits for AWS as long as the course says, so cells have no time-out.
            # Widget state in the metadata would only be a second, staler copy.
            PapermillNotebookClient(
                nb_man,
                km=kernel.manager,
                kernel_name=kernel_name,
                timeout=None,
                startup_timeout=START_SECONDS,
                store_widget_state=False,
                # All is saved by then; a lab keeps nothing in its kernel that is worth a wait.
                shutdown_kernel="immediate",
            ).execute(cleanup_kc=True)

    return TsalabEngine


def _seldom(save: Callable[..., None]) -> Callable[..., None]:
    """Save a notebook when it is a while since the last time.

    papermill saves the whole of it at the start and at the end of each cell, and once more when
    all is over: of a lab's seconds that was every tenth.
    """
    last = -math.inf

    def seldom(**given: object) -> None:
        nonlocal last
        if time.monotonic() - last >= _SAVE_SECONDS:
            save(**given)
            last = time.monotonic()

    return seldom


def _report(
    cell: Any, seconds: float, done: list[CellDone], on_cell: Callable[[CellDone], None] | None
) -> None:
    records = tuple(found.record for found in cell_records({"cells": [cell]}, say("record.place.running")))
    done.append(CellDone(str(cell.id), seconds, records))
    if on_cell:
        on_cell(done[-1])


def to_html(notebook: Path, html: Path, *, title: str) -> None:
    """Write a notebook as one HTML file that needs no script and no other address.

    Parameters
    ----------
    notebook
        Executed or not.
    html
        The file to write.
    title
        Of the page.
    """
    import nbformat
    from nbconvert.exporters.html import HTMLExporter

    templates = Path(__file__).parent / "nbtemplates"
    exporter = HTMLExporter(
        template_name="tsalab",
        extra_template_basedirs=[str(templates)],
        embed_images=True,
        exclude_input_prompt=True,
    )
    nodes = nbformat.read(notebook, as_version=4)
    body, _ = exporter.from_notebook_node(nodes, {"metadata": {"name": title}})
    html.write_text(body, encoding="utf-8")

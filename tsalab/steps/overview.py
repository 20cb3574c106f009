"""The state of every part of the lab's architecture, read in one go for a person to see.

No check uses it. Each question goes to the service that knows (a stack believes in what
was deleted behind its back), the questions run side by side, and one that is refused or
not answered leaves its parts unknown, with the reason. Fourteen questions in all; on the
sandbox they take about 0.1 s, the first time 0.4 s more for making the clients.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import TypeVar

from tsalab.architecture import GALLERY, Overview, Part, State, of_stack_status
from tsalab.cloud import network, pipeline, repository
from tsalab.cloud.bucket import Bucket
from tsalab.cloud.cluster import Cluster, ClusterState
from tsalab.cloud.pipeline import Pipeline
from tsalab.cloud.secret import Secret
from tsalab.cloud.stacks import Stack, StackEvent, StackResource, StackState
from tsalab.errors import CloudError, TsalabError
from tsalab.messages import say
from tsalab.server import mariadb
from tsalab.steps.world import World

PATIENCE = 10.0
"""Seconds that all answers together may take; what is later is unknown."""
SERVER_PATIENCE = 5.0
"""Seconds for the web server to let us in and answer: a picture is not worth more."""
_THREADS = 6
T = TypeVar("T")


def look(world: World) -> Overview:
    """Read the whole architecture.

    Parameters
    ----------
    world
        Where the lab takes place.

    Returns
    -------
    Overview
        Always, and always whole: what could not be read is unknown and says why.
    """
    began = time.monotonic()
    reader = _Reader(world)
    reader.prepare()
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="tsalab-look")
    asked = {pool.submit(_answer, reader, names, read): names for names, read in _LOOKS.items()}
    done, late = wait(asked, PATIENCE)
    pool.shutdown(wait=False, cancel_futures=True)
    parts = {part.id: part for future in done for part in future.result()}
    parts |= {part.id: part for part in _too_late(late, asked)}
    server = parts["web-server"]
    if server.state in {State.ABSENT, State.PAUSED}:  # no answer of a machine that is off says more
        parts["mariadb"] = Part("mariadb", server.state, server.word)
    seen = Overview.of(parts.values(), datetime.now(UTC), time.monotonic() - began)
    world.place.overview = seen
    return seen


def follow(seen: Overview, event: StackEvent, stack: str) -> Overview:
    """The overview after an event of a stack.

    Parameters
    ----------
    seen
        As it was.
    event
        As the stack tells it.
    stack
        The gallery's stack, whose own events are about itself.
    """
    name = "" if event.resource == stack else event.resource
    return seen.after_event(name, event.status, event.reason)


def of_run(status: str | None) -> Part:
    """The bootstrap pipeline, by the status of its newest execution."""
    return _pipeline("bootstrap-pipeline", status)


def _too_late(
    late: Iterable[Future[list[Part]]], asked: dict[Future[list[Part]], Sequence[str]]
) -> Iterator[Part]:
    why = say("overview.late", seconds=f"{PATIENCE:g}")
    for future in late:
        for name in asked[future]:
            yield Part(name, State.UNKNOWN, detail=why)


class _Reader:
    """What several questions need first: the pipeline, the stack, and its resources."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.account = world.place.account
        self._pipeline: Pipeline | TsalabError | None = None
        self._state: StackState | TsalabError | None = None
        self._rows: dict[str, StackResource] | TsalabError = {}

    def prepare(self) -> None:
        """Ask for it; an error waits for those who need the answer."""
        self._pipeline = _tried(self._find_pipeline)
        stack = Stack(self.account, self.stack_name)
        self._state = _tried(stack.state)
        if self._state is not None:
            self._rows = _tried(stack.inventory)

    def _find_pipeline(self) -> Pipeline | None:
        try:
            return self.world.place.pipeline
        except CloudError:
            names = pipeline.spellings_of(self.world.place.bootstrap)
            if any(Stack(self.account, name).state() for name in names):
                raise
            return None  # labs 1 to 3 have not been done, or everything is cleaned up

    @property
    def stack_name(self) -> str:
        """The gallery's stack, by the pipeline that deploys it."""
        found = self._pipeline
        return found.stack_name if isinstance(found, Pipeline) else self.world.place.stack

    @property
    def pipeline(self) -> Pipeline | None:
        """The bootstrap pipeline, if there is one."""
        return _known(self._pipeline)

    @property
    def state(self) -> StackState | None:
        """The gallery's stack, if there is one."""
        return _known(self._state)

    def row(self, part: str) -> StackResource | None:
        """What the gallery's stack says of the resource behind a part."""
        logical = next(name for name, each in GALLERY.items() if each == part)
        return _known(self._rows).get(logical)


def _tried(read: Callable[[], T]) -> T | TsalabError:
    """An answer, or the error in its place."""
    try:
        return read()
    except TsalabError as error:
        return error


def _known(answer: T | TsalabError) -> T:
    if isinstance(answer, TsalabError):
        raise answer
    return answer


_Look = Callable[[_Reader], Iterable[Part]]


def _answer(reader: _Reader, names: Sequence[str], read: _Look) -> list[Part]:
    try:
        return list(read(reader))
    except TsalabError as error:
        return [Part(name, State.UNKNOWN, detail=f"{error.what} {error.why}") for name in names]


def _by_stack(name: str, row: StackResource | None) -> Part | None:
    """A part as far as the stack can tell; None when the resource's own service knows more."""
    if row is None:
        return Part(name, State.ABSENT)
    state, word = of_stack_status(row.status)
    if state is State.AVAILABLE:
        return None
    return Part(name, state, word, row.reason if state is State.FAILED else "")


def _of_resource(name: str, read: Callable[[_Reader, StackResource], Part]) -> _Look:
    """A look at one resource of the stack: at the stack first, then at the resource itself."""

    def look_at(reader: _Reader) -> Iterator[Part]:
        row = reader.row(name)
        known = _by_stack(name, row)
        if known:
            yield known
        elif row:
            yield read(reader, row)

    return look_at


def _stack(reader: _Reader) -> Iterator[Part]:
    found = reader.state
    state, word = of_stack_status(found.status if found else "")
    yield Part("stack", state, word, found.reason if found and state is State.FAILED else "")


def _bucket(reader: _Reader) -> Iterator[Part]:
    page = None
    if reader.pipeline:
        bucket = Bucket(reader.account, reader.pipeline.source.bucket)
        page = bucket.holds(f"{reader.stack_name}-spa-source/")
    yield Part("data-bucket", State.ABSENT if page is None else State.AVAILABLE)
    yield Part("spa", State.AVAILABLE if page else State.ABSENT)


def _bootstrap(reader: _Reader) -> Iterator[Part]:
    yield of_run(pipeline.newest_status(reader.account, reader.pipeline.name) if reader.pipeline else None)


def _spa_pipeline(reader: _Reader, row: StackResource) -> Part:
    return _pipeline("spa-pipeline", pipeline.newest_status(reader.account, row.physical_id))


def _pipeline(name: str, status: str | None) -> Part:
    if status is None:
        return Part(name, State.ABSENT)
    if status in {"InProgress", "Stopping"}:
        return Part(name, State.CREATING, "running")
    if status == "Failed":
        return Part(name, State.FAILED, detail=say("overview.run_failed"))
    return Part(name, State.AVAILABLE)


def _network(reader: _Reader) -> Iterator[Part]:
    rows = {name: reader.row(name) for name in _NETWORK}
    ids = [row.physical_id for row in rows.values() if row and row.physical_id]
    found = network.networks(reader.account, ids)
    for name, row in rows.items():
        known = _by_stack(name, row)
        state = found.get(row.physical_id) if row else None
        states = {"available": State.AVAILABLE, "pending": State.CREATING}
        yield known or Part(name, states.get(state or "", State.ABSENT))


def _web_server(reader: _Reader, row: StackResource) -> Part:
    found = network.instance(reader.account, row.physical_id)
    state, word = _MACHINES.get(found.status, (State.UNKNOWN, "")) if found else (State.ABSENT, "")
    return Part("web-server", state, word, found.kind if found else "", found.launched if found else None)


_MACHINES = {
    "pending": (State.CREATING, ""),
    "running": (State.AVAILABLE, ""),
    "stopping": (State.PAUSED, "stopped"),
    "stopped": (State.PAUSED, "stopped"),
    "shutting-down": (State.CREATING, "deleting"),
    "terminated": (State.ABSENT, ""),
}


def _mariadb(reader: _Reader) -> Iterator[Part]:
    if known := _by_stack("mariadb", reader.row("web-server")):
        yield known
        return
    place = reader.world.place
    server = place.server(reader.world.server_host, timeout=SERVER_PATIENCE, witness=reader.world.witness)
    service = mariadb.service_state(server, timeout=SERVER_PATIENCE)
    yield of_service(service)


def of_service(service: mariadb.ServiceState) -> Part:
    """The database on the web server, by what systemd says of it."""
    if service.active:
        return Part("mariadb", State.AVAILABLE)
    return Part("mariadb", State.PAUSED, "stopped", "" if service.enabled else say("overview.disabled"))


def _cluster(reader: _Reader, row: StackResource) -> Part:
    return of_cluster(Cluster(reader.account, row.physical_id).state())


def of_cluster(found: ClusterState | None) -> Part:
    """The cluster, by what RDS says of it."""
    if found is None:
        return Part("cluster", State.ABSENT)
    state, word = _CLUSTERS.get(found.status, (State.AVAILABLE, ""))
    if found.status.startswith(("incompatible", "inaccessible", "failed")):
        state, word = State.FAILED, ""
    if found.paused:
        state = State.PAUSED
    units = found.capacity or found.least_capacity
    detail = say("overview.capacity", units=f"{units:g}") if state is State.AVAILABLE else ""
    return Part("cluster", state, word, detail or (found.status if state is State.FAILED else ""),
                found.created, units)  # fmt: skip


_CLUSTERS = {
    "creating": (State.CREATING, ""),
    "deleting": (State.CREATING, "deleting"),
    "modifying": (State.CREATING, "updating"),
    "starting": (State.CREATING, "updating"),
    "stopping": (State.PAUSED, "stopped"),
    "stopped": (State.PAUSED, "stopped"),
}


def _secret(reader: _Reader, row: StackResource) -> Part:
    there = Secret(reader.account, row.physical_id).described() is not None
    return Part("secret", State.AVAILABLE if there else State.ABSENT, since=row.changed)


def _repositories(reader: _Reader) -> Iterator[Part]:
    names = {
        "api-repository": reader.world.place.repository,
        "spa-repository": reader.world.place.names.repositories[1],
    }
    there = repository.present(reader.account, names.values())
    for part, name in names.items():
        yield Part(part, State.AVAILABLE if name in there else State.ABSENT)


def _distribution(reader: _Reader, row: StackResource) -> Part:
    status = network.distribution_status(reader.account, row.physical_id)
    states = {None: State.ABSENT, "Deployed": State.AVAILABLE}
    return Part("distribution", states.get(status, State.CREATING))


_NETWORK = ("vpc", "public-subnet-a", "public-subnet-b", "private-subnet-a", "private-subnet-b")

# The slowest first: logging in to a machine takes longer than any question to AWS.
_LOOKS: dict[Sequence[str], _Look] = {
    ("mariadb",): _mariadb,
    _NETWORK: _network,
    ("web-server",): _of_resource("web-server", _web_server),
    ("distribution",): _of_resource("distribution", _distribution),
    ("cluster",): _of_resource("cluster", _cluster),
    ("secret",): _of_resource("secret", _secret),
    ("data-bucket", "spa"): _bucket,
    ("bootstrap-pipeline",): _bootstrap,
    ("spa-pipeline",): _of_resource("spa-pipeline", _spa_pipeline),
    ("api-repository", "spa-repository"): _repositories,
    ("stack",): _stack,
}

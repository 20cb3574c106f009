"""A last look at what is really there: rows, branches, processes, the site."""

from __future__ import annotations

import hashlib
import http.client
from typing import TYPE_CHECKING

from tsalab.errors import SandboxError
from tsalab.sandbox import news
from tsalab.sandbox.machines import apps

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

_PATHS = ("/", "/api/health")
_SECONDS = 10.0


def look(context: Context) -> None:
    """Tell what is there now. Wakes a database that sleeps, as any connection would."""
    estate = context.estate
    for cluster_id in estate.databases.ids():
        try:
            estate.databases.resume(cluster_id)
            estate.databases.tell_rows(cluster_id)
        except SandboxError as error:  # it does not start, or was deleted meanwhile
            news.tell("rows", server=cluster_id, unread=error.what)
    for server in estate.servers.running():
        if server.mariadb.running:
            server.tell_rows()
        kept = [apps.script(app) for app in apps.remembered(server.machine)]
        news.tell(
            "processes", machine=server.machine.facts.id, database=server.units.active, apps=sorted(kept)
        )
    for repository, branches in sorted(_branches(context).items()):
        news.tell("branches", repository=repository, branches=branches)
    for distribution, port in sorted(estate.edge.ports().items()):
        for path in _PATHS:
            news.tell("site", distribution=distribution, path=path, **_probe(port, path))


def _branches(context: Context) -> dict[str, dict[str, str]]:
    from tsalab.sandbox.control import codecommit

    repositories = codecommit.of(context).repositories
    return {name: repositories.git(name).branches() for name in repositories.names()}


def _probe(port: int, path: str) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return {"unanswered": type(error).__name__}
    finally:
        connection.close()
    return {"status": answer.status, "bytes": len(body), "digest": hashlib.sha256(body).hexdigest()}

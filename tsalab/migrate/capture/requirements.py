"""What following a source takes, looked at before anything is begun."""

from __future__ import annotations

from collections.abc import Callable

from tsalab.errors import CaptureError
from tsalab.messages import say
from tsalab.migrate.capture.position import Position, log_sizes
from tsalab.migrate.catalogue import Server, ask, entries, read_server, readable
from tsalab.migrate.catalogue.asking import ask_pairs
from tsalab.migrate.catalogue.privileges import read_privileges
from tsalab.migrate.login import Connection, Login, named

_SETTINGS = {"binlog_format": "ROW", "binlog_row_image": "FULL", "binlog_row_metadata": "FULL"}
_SINCE = (10, 5)  # column names in the log
# Each of these, by one of its names; older servers have the privileges under older ones.
_PRIVILEGES = (
    {"REPLICATION SLAVE"},
    {"BINLOG MONITOR", "REPLICATION CLIENT", "SUPER"},
)


def require_source(connection: Connection, source: Login, follows: Callable[[str], bool]) -> None:
    """Refuse a source whose changes cannot be followed.

    Raises
    ------
    CaptureError
        Naming everything that is to be mended.
    """
    with named(source, say("migration.doing.asking_log")), readable(connection):
        server = read_server(connection)
        if not server.mariadb or server.version < _SINCE:
            raise CaptureError.not_ready(source.where, [say("capture.ready.vendor", server=server.named)])
        if not server.on("log_bin"):
            raise CaptureError.no_binary_log(source.where)
        reasons = _privileges(connection, source)
        if not reasons:
            reasons = [*_settings(connection), *_filters(connection, server), *_engines(connection, follows)]
    if reasons:
        raise CaptureError.not_ready(source.where, reasons)


def require_log(connection: Connection, source: Login, position: Position) -> None:
    """Refuse a position that the source's log does not reach back to.

    Raises
    ------
    CaptureError
        Naming the first file that is there.
    """
    with named(source, say("migration.doing.asking_log")):
        sizes = log_sizes(connection)
    if position.file not in sizes or position.offset > sizes[position.file]:
        first = min(sizes, key=lambda file: Position(file, 0), default="")
        raise CaptureError.purged(source.where, str(position), first)


def require_target(connection: Connection, target: Login, follows: Callable[[str], bool]) -> None:
    """Refuse a target that would change more than it is told.

    Raises
    ------
    CaptureError
        Naming its triggers.
    """
    with named(target, say("migration.doing.applying")):
        found = ask(
            connection,
            "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS"
            " WHERE TRIGGER_SCHEMA = DATABASE()",
        )
    reasons = [say("capture.ready.trigger", trigger=name) for name, table in found if follows(table)]
    if reasons:
        raise CaptureError.not_ready(target.where, reasons)


def _privileges(connection: Connection, source: Login) -> list[str]:
    held = read_privileges(connection, source.database)
    if not held.certain or "ALL PRIVILEGES" in held.everywhere:
        return []
    lacking = [min(names) for names in _PRIVILEGES if not names & held.everywhere]
    if not lacking:
        return []
    return [say("capture.ready.privileges", user=source.user, privileges=", ".join(lacking))]


def _settings(connection: Connection) -> list[str]:
    found = ask_pairs(connection, "SHOW GLOBAL VARIABLES LIKE 'binlog%'")
    reasons = [
        say("capture.ready.setting", name=name, wanted=wanted, found=found.get(name, ""))
        for name, wanted in _SETTINGS.items()
        if found.get(name, "").upper() != wanted
    ]
    if found.get("binlog_alter_two_phase", "").upper() == "ON":
        reasons.append(say("capture.ready.alter"))
    return reasons


def _filters(connection: Connection, server: Server) -> list[str]:
    for row in ask(connection, "SHOW MASTER STATUS"):
        kept, left = ({name.strip() for name in text.split(",") if name.strip()} for text in row[2:4])
        if (kept and server.database not in kept) or server.database in left:
            return [say("capture.ready.filtered", database=server.database)]
    return []


def _engines(connection: Connection, follows: Callable[[str], bool]) -> list[str]:
    safe = {
        row[0]
        for row in ask(connection, "SELECT ENGINE FROM information_schema.ENGINES WHERE TRANSACTIONS = 'YES'")
    }
    return [
        say("capture.ready.engine", table=entry.name, engine=entry.engine)
        for entry in entries(connection)
        if entry.kind == "BASE TABLE" and follows(entry.name) and entry.engine not in safe
    ]

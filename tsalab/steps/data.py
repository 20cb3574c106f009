"""Steps 10 to 14: the secret, the web server, the data.

Two ways move the data. ``dump`` is the lab's own: mysqldump to a file on the web server,
and that file into Aurora. ``copy`` is the migration engine's, through SSH forwarding, each piece
proven before its commit; it prepares the tables in step 13 and fills them in step 14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tsalab import migrate
from tsalab.course import LAB
from tsalab.errors import DiagnosisError, MigrationError, ServerError
from tsalab.messages import say
from tsalab.migrate import Comparison, DumpFacts
from tsalab.server import Origin, Trust, mariadb
from tsalab.show import BYTES, Part, StepView, note, table
from tsalab.steps import moving
from tsalab.steps.step import STEPS, Finding, Outcome
from tsalab.steps.world import SOURCE, World

METHODS = ("dump", "copy")
_DUMP = "dump.sql"


@STEPS.check(10)
def check_secret(world: World) -> Finding:
    """The stack's secret exists."""
    expected = say("check.secret.expected")
    name = world.secret_name
    return Finding(True, name, expected, facts={"name": name})


@STEPS.check(11)
def check_value(world: World) -> Finding:
    """The secret's value can be read and leads to the cluster."""
    expected = say("check.value.expected")
    secret = world.credentials
    cluster = world.cluster
    if cluster is None:
        saw = say("check.value.no_cluster", host=secret.host)
        return Finding(False, saw, expected, say("check.value.attach"))
    if secret.host != cluster.endpoint:
        saw = say("check.value.elsewhere", host=secret.host, endpoint=cluster.endpoint)
        return Finding(False, saw, expected, say("check.value.attach"))
    facts = {"username": secret.username, "host": secret.host, "port": secret.port, "dbname": secret.dbname}
    saw = say(
        "check.value.shown", user=secret.username, host=secret.host, port=secret.port, database=secret.dbname
    )
    return Finding(True, saw, expected, facts=facts)


@STEPS.check(12)
def check_connection(world: World) -> Finding:
    """The web server lets us in, and reaches Aurora."""
    expected = say("check.connection.expected")
    host, target = world.server_host, world.target
    version = migrate.server_version(target)
    saw = say("check.connection.there", host=host, version=version)
    trust = world.server.trust
    facts = {
        "server": host,
        "host_key": trust.fingerprint,
        "host_key_from": str(trust.origin),
        "database_version": version,
        "database_tls": migrate.encryption(target),
    }
    return Finding(True, saw, expected, facts=facts, evidence=_trusted(trust))


def _trusted(trust: Trust) -> tuple[Part, ...]:
    """Why the host key is believed, where no known_hosts of the learner's says so."""
    if trust.origin is Origin.KNOWN:
        return ()
    if trust.origin is Origin.CONSOLE:
        return (note(say("check.connection.trust.console", fingerprint=trust.fingerprint)),)
    if trust.reason:
        text = say(
            "check.connection.trust.first_seen_because", fingerprint=trust.fingerprint, reason=trust.reason
        )
        return (note(text),)
    return (note(say("check.connection.trust.first_seen", fingerprint=trust.fingerprint)),)


def _dump(world: World) -> DumpFacts | None:
    """Facts of the dump on the web server, or None when there is none."""
    file = mariadb.find_dump(world.server)
    return migrate.read_dump(mariadb.dump_lines(world.server, file)) if file else None


def _source_tables(world: World) -> dict[str, int] | None:
    """Rows by table of the old database, or None when it is stopped."""
    if not mariadb.service_state(world.server).active:
        return None
    return migrate.row_counts(world.source)


@STEPS.check(13)
def check_export(world: World) -> Finding:
    """A complete dump lies on the web server, or Aurora has the tables already."""
    expected = say("check.dump.expected")
    next_step = LAB.step(13).by_hand
    secret = world.credentials  # without Aurora there is nothing to export for
    tables = _source_tables(world)
    dump = _dump(world)
    if dump:
        if lacks := _dump_lacks(dump, tables or {}):
            again = say("check.dump.again", command=mariadb.DUMP_COMMAND)
            return Finding(False, lacks, expected, again)
        saw = say("check.dump.there", count=len(dump.tables), rows=sum(dump.tables.values()))
        return Finding(True, saw, expected, facts={"tables": dict(dump.tables)})
    have = migrate.row_counts(world.target)
    if tables is None and not any(have.values()):
        raise DiagnosisError.old_database_stopped()
    if not have or not have.keys() >= (tables or {}).keys():
        return Finding(False, say("check.dump.absent"), expected, next_step)
    saw = say("check.dump.prepared", count=len(have), database=secret.dbname)
    return Finding(True, saw, expected, facts={"tables": sorted(have)})


def _dump_lacks(dump: DumpFacts, tables: Mapping[str, int]) -> str:
    """What a dump does not hold of the old database's tables and their rows; empty when it holds all."""
    wanted = SOURCE["database"]
    if dump.database and dump.database.strip("`") != wanted:
        return say("check.dump.other", database=dump.database.strip("`"), wanted=wanted)
    if not dump.complete and not dump.tables:
        return say("check.dump.nothing")
    if not dump.complete:
        return say("check.dump.cut")
    if not dump.tables:
        return say("check.dump.no_table")
    if missing := sorted(tables.keys() - dump.tables.keys()):
        return say("check.dump.lacks", tables=", ".join(missing))
    fewer = [
        say("check.dump.fewer_in", table=name, count=dump.tables[name], rows=rows)
        for name, rows in tables.items()
        if dump.tables[name] < rows
    ]
    return say("check.dump.fewer", tables=", ".join(fewer)) if fewer else ""


@STEPS.do(13)
def do_export(world: World, view: StepView) -> Outcome:
    """Dump on the web server, or prepare the tables in Aurora."""
    if world.place.method == "copy":
        return Outcome({"method": "copy"}, moving.planned(moving.migration(world).prepare()))
    view.line(f"$ {mariadb.DUMP_COMMAND}")
    size = 0

    def show(written: int) -> None:
        nonlocal size
        size = written
        view.progress(_DUMP, written, None, BYTES)

    try:
        mariadb.dump(world.server, on_output=view.output, on_written=show)
    except ServerError as error:
        if mariadb.service_state(world.server).active:
            raise
        raise DiagnosisError.old_database_stopped() from error
    if size:
        view.progress(_DUMP, size, size, BYTES)
    return Outcome({"method": "dump"})


@STEPS.check(14)
def check_import(world: World) -> Finding:
    """Aurora holds every row of the old database."""
    expected = say("check.load.expected")
    if _source_tables(world) is None:
        return _check_against_dump(world, expected)
    found = migrate.compare(world.source, world.target)
    if not found.rows:
        saw, next_step = say("check.load.no_tables"), say("check.load.restore")
        return Finding(False, saw, expected, next_step, final=True)
    facts = _comparison_facts(found)
    ours = [row for row in found.rows if row.source_rows is not None]
    different = [row for row in ours if not row.equal]
    if not different:
        rows = sum(row.target_rows or 0 for row in ours)
        return Finding(True, say("check.load.equal", count=len(ours), rows=rows), expected, facts=facts)
    if _in_use(world) and all((row.target_rows or 0) >= (row.source_rows or 0) for row in different):
        return Finding(True, say("check.load.written"), expected, facts=facts)
    if all(row.target_rows is None for row in ours):
        return replace(_not_loaded(world, [row.table for row in ours], expected), facts=facts)
    names = ", ".join(_different_in(row.table, row.source_rows, row.target_rows) for row in different)
    saw = say("check.load.different", tables=names)
    return Finding(False, saw, expected, _load(world), facts=facts)


def _different_in(name: str, rows: int | None, in_aurora: int | None) -> str:
    return say("check.load.different_in", table=name, rows=rows, in_aurora=in_aurora)


def _load(world: World) -> str:
    """The command of step 14, with the names that the secret holds."""
    secret = world.credentials
    return say("check.load.load", command=mariadb.load_command(secret.host, secret.dbname, secret.username))


def _not_loaded(world: World, tables: Sequence[str], expected: str) -> Finding:
    """Aurora's database has none of the tables: they are in another one, or nowhere."""
    wanted = world.credentials.dbname
    if others := migrate.databases_with(world.target, tables):
        saw = say("check.load.other", database=", ".join(others), wanted=wanted)
    else:
        saw = say("check.load.nothing", wanted=wanted)
    return Finding(False, saw, expected, _load(world))


def _comparison_facts(found: Comparison) -> dict[str, object]:
    return {
        row.table: {
            "source": row.source_rows,
            "target": row.target_rows,
            "equal": row.equal,
            "digest": row.digest,
        }
        for row in found.rows
    }


def _check_against_dump(world: World, expected: str) -> Finding:
    """Once the old database is stopped, the dump is what Aurora is held against."""
    counts = migrate.row_counts(world.target)
    dump = _dump(world)
    want = dump.tables if dump else {}
    short = [
        _different_in(name, rows, counts.get(name))
        for name, rows in want.items()
        if counts.get(name, -1) < rows
    ]
    if short or not any(counts.values()):  # without a dump, rows are all that can be asked for
        if not short:
            raise DiagnosisError.old_database_stopped()
        saw = say("check.load.different_from_dump", tables=", ".join(short))
        return Finding(False, saw, expected, _load(world))
    saw = say("check.load.there", count=len(counts), rows=sum(counts.values()))
    return Finding(True, saw, expected, facts={"tables": counts})


def _in_use(world: World) -> bool:
    """Whether the app on the web server already runs on Aurora."""
    return app_database(world) == world.credentials.host


def app_database(world: World) -> str:
    """Host of the database that the running app uses, by its own word; empty when it does not answer."""
    return str(world.app_health.get("database", {}).get("host", ""))


@STEPS.do(14)
def do_import(world: World, view: StepView) -> Outcome:
    """Load the dump through the web server, or copy the rows."""
    if _in_use(world):
        raise MigrationError.already_in_use(world.credentials.host)
    target = world.target  # what this look already found unreachable is not tried again
    if world.place.method == "copy":
        return moving.moved(world, view)
    secret = world.credentials
    view.line(f"$ {mariadb.load_command(secret.host, secret.dbname, secret.username)}")
    with moving.visited(world) as visits:
        mariadb.load(
            world.server,
            host=secret.host,
            database=target.database,
            user=target.user,
            password=target.password,
            on_output=view.output,
            on_read=lambda done, total: view.progress(_DUMP, done, total, BYTES),
        )
    met = visits.latency()
    return Outcome({"method": "dump", **moving.latency_facts(met)}, [*_proof(world), *moving.served(met)])


def _proof(world: World) -> list[Part]:
    found = migrate.compare(world.source, world.target)
    content = {True: say("do.import.equal"), False: say("do.import.different")}
    rows = [(row.table, row.source_rows, row.target_rows, content[row.equal]) for row in found.rows]
    headings = [say(f"do.import.heading.{name}") for name in ("table", "source", "target", "content")]
    return [table(rows, headings)]

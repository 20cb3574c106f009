"""Steps 25 to 29: the web server gets the new code, and the old database goes."""

from __future__ import annotations

from dataclasses import replace

from tsalab import migrate
from tsalab.course import LAB
from tsalab.errors import StepError
from tsalab.messages import say
from tsalab.server import Origin, app, mariadb
from tsalab.show import Part, StepView, table
from tsalab.steps import diagnosis, overview, running
from tsalab.steps.data import app_database
from tsalab.steps.step import STEPS, Finding, Outcome
from tsalab.steps.world import SOURCE, World


def _after_commit(world: World, expected: str) -> Finding | None:
    """The server is visited a second time for the new code: without it there is nothing to do there."""
    committed = STEPS[24].check(world)
    if committed.passed:
        return None
    return Finding(False, committed.saw, expected, say("check.server.finish", next=committed.next))


@STEPS.check(25)
def check_reconnect(world: World) -> Finding:
    """The new code is in CodeCommit, and the web server lets us in."""
    expected = say("check.server.session")
    if missing := _after_commit(world, expected):
        return missing
    who = world.server.run("id -un").stdout.strip()
    if not world.server.forwards:
        saw = say("check.server.by_commands", user=who, host=world.server_host)
        return Finding(True, saw, expected, facts={"user": who, "host_key_from": Origin.RUN_COMMAND.value})
    trust = world.server.trust
    saw = say("check.server.who", user=who, host=world.server_host)
    facts = {"user": who, "host_key": trust.fingerprint, "host_key_from": trust.origin.value}
    return Finding(True, saw, expected, facts=facts)


@STEPS.check(26)
def check_root(world: World) -> Finding:
    """The session can become root."""
    expected = say("check.root.expected")
    if missing := _after_commit(world, expected):
        return missing
    who = world.server.run("id -un", root=True).stdout.strip()
    saw = say("check.root.who", user=who)
    return Finding(who == "root", saw, expected, LAB.step(26).by_hand, {"user": who})


@STEPS.check(27)
def check_pull(world: World) -> Finding:
    """The web server has the repository's newest commit."""
    expected = say("check.pull.expected")
    if missing := _after_commit(world, expected):
        return missing
    head, here = world.repository.head(), app.head(world.server).hash
    if here != head:
        saw = say("check.pull.behind", here=here[:10], head=head[:10])
        behind = Finding(False, saw, expected, LAB.step(27).by_hand)
        return diagnosis.instead(behind, diagnosis.old_code(world, here, head))
    return Finding(True, say("check.pull.done", commit=here[:10]), expected, facts={"commit": here})


@STEPS.do(27)
def do_pull(world: World, view: StepView) -> Outcome:
    """``forever stopall`` and ``git pull``."""
    view.line("# forever stopall")
    app.stop_all(world.server, on_output=view.output)
    view.line("# git pull")
    commit = app.pull(world.server, on_output=view.output)
    return Outcome({"commit": commit.hash})


@STEPS.check(28)
def check_restart(world: World) -> Finding:
    """The app runs, on Aurora."""
    expected = say("check.app.expected")
    pulled = check_pull(world)
    if not pulled.passed:
        saw, next_step = pulled.saw, say("check.app.pull_first", next=pulled.next)
        if not world.app_health and (cause := diagnosis.sick_app(world)):
            saw = say("check.app.besides", saw=saw, cause=f"{cause.what} {cause.why}")
            next_step = cause.next_step
        return Finding(False, saw, expected, next_step)
    listed = world.app_processes
    if not listed:
        return running.not_running(world, expected)
    host, aurora = app_database(world), world.credentials.host
    facts = {"processes": len(listed), "database": host}
    if host != aurora or not world.app_health.get("ok", True):
        return replace(running.not_on_aurora(world, host, expected), facts=facts)
    return Finding(True, say("check.app.runs", host=host), expected, facts=facts)


@STEPS.do(28)
def do_restart(world: World, view: StepView) -> Outcome:
    """Stop what runs, start the new code, and list it."""
    if world.app_processes:
        view.line("# forever stopall")
        app.stop_all(world.server, on_output=view.output)
    view.line(f"# forever start {app.START_SCRIPT}")
    app.start(world.server, on_output=view.output)
    return Outcome(parts=[_listed(world)])


def _listed(world: World) -> Part:
    rows = [(p.uid, p.script, p.pid, p.uptime) for p in app.processes(world.server)]
    headings = [say(f"do.restart.heading.{name}") for name in ("uid", "script", "process", "uptime")]
    return table(rows, headings, caption="forever list")


@STEPS.check(29)
def check_stopped(world: World) -> Finding:
    """MariaDB is stopped and will not start again."""
    expected = say("check.mariadb.expected")
    state = mariadb.service_state(world.server)
    facts = {"active": state.active, "enabled": state.enabled}
    saw = say(
        "check.mariadb.state",  # in systemctl's own words
        active="active" if state.active else "inactive",
        enabled="enabled" if state.enabled else "disabled",
    )
    verbs = [verb for verb, due in (("stop", state.active), ("disable", state.enabled)) if due]
    commands = "; ".join(f"systemctl {verb} mariadb" for verb in verbs)
    next_step = say("check.server.as_root", commands=commands)
    return Finding(not (state.active or state.enabled), saw, expected, next_step, facts)


def _readers(world: World) -> int:
    """How many connections the app's user has to the old database."""
    if world.server.forwards:
        return migrate.connections_of(world.source)
    return mariadb.connections_of(world.server, SOURCE["user"])


@STEPS.do(29)
def do_stop(world: World, view: StepView) -> Outcome:
    """Stop and disable MariaDB, once nothing reads it any more.

    The lab's text stops it before it confirms that the site works. Looking first costs
    nothing, and a gallery without a database helps nobody.
    """
    restarted = check_restart(world)
    if not restarted.passed:
        raise StepError.not_passed(28, LAB.step(28).title, restarted.saw, restarted.expected, restarted.next)
    users = 0
    if mariadb.service_state(world.server).active:
        users = _readers(world)
    if users:
        raise StepError.still_used(users, app_database(world))
    view.line(say("do.stop.unread"))
    view.line("# systemctl stop mariadb; systemctl disable mariadb")
    after = mariadb.stop_and_disable(world.server, on_output=view.output)
    if world.place.overview:
        world.place.saw(world.place.overview.with_part(overview.of_service(after)))
    return Outcome({"readers": users})

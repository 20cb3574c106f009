"""Step 30: the site as a visitor sees it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from tsalab.course import LAB
from tsalab.errors import StepError
from tsalab.messages import say
from tsalab.migrate.login import Login, named, opened
from tsalab.show import StepView, note
from tsalab.steps import diagnosis
from tsalab.steps.data import app_database
from tsalab.steps.step import STEPS, Finding, Outcome
from tsalab.steps.webserver import check_stopped
from tsalab.steps.world import World

# Where the mark is written: a category is listed by the API without a login.
_TABLE, _COLUMN = "categories", "name"

# Seconds for probes that fail at first: the app has only just been restarted.
_PATIENCE = 15.0


@contextmanager
def _marked(login: Login, mark: str) -> Iterator[None]:
    """A row with the mark, for the time of a block."""
    doing = say("migration.doing.marking")
    with opened(login) as connection, named(login, doing, _TABLE), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {_TABLE} ({_COLUMN}) VALUES (%s)", (mark,))  # noqa: S608 - constants
        try:
            yield
        finally:
            cursor.execute(f"DELETE FROM {_TABLE} WHERE {_COLUMN} = %s", (mark,))  # noqa: S608 - constants


@STEPS.check(30)
def check_site(world: World) -> Finding:
    """The page, its API, a photo and a login work, on Aurora, without the old database."""
    expected = say("check.site.expected")
    stopped = check_stopped(world)
    if not stopped.passed:
        return Finding(False, stopped.saw, expected, say("check.site.first", next=stopped.next))
    host, aurora = app_database(world), world.credentials.host
    if host != aurora:
        saw = say("check.site.other", host=host) if host else say("check.site.silent")
        wrong = Finding(False, saw, expected, say("check.site.restart"))
        return diagnosis.instead(wrong, diagnosis.sick_app(world))
    found = world.site.verify()
    failed = [probe for probe in found if not probe.ok]
    if failed:
        saw = "; ".join(say("check.site.probe", probe=probe.name, saw=probe.saw) for probe in failed)
        wrong = Finding(False, saw, expected, LAB.step(30).by_hand)
        return diagnosis.instead(wrong, diagnosis.sick_app(world))
    facts = {"url": world.site.url, "database": host, "probes": {p.name: p.saw for p in found}}
    saw = say("check.site.passed", count=len(found), url=world.site.url)
    return Finding(True, saw, expected, facts=facts)


@STEPS.do(30, always=True)
def do_visit(world: World, view: StepView) -> Outcome:
    """Probe the site, and see through it what is written to Aurora."""
    world.site.verify(view.probe, patience=_PATIENCE)
    mark = f"tsalab-{secrets.token_hex(8)}"
    view.line(say("do.visit.marking", mark=mark))
    with _marked(world.target, mark):
        if not world.site.find(mark):
            raise StepError.nonce_missing(_TABLE)
    return Outcome({"mark_seen": True}, [note(say("do.visit.seen"))])

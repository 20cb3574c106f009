"""The pre-flight as a person sees it: live while it looks, and a table that stays."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tsalab.messages import say
from tsalab.preflight.account import of_account
from tsalab.preflight.finding import Finding, look
from tsalab.preflight.machine import of_machine
from tsalab.show import Part, StepView, note, table
from tsalab.show.status import FAILED, status_of
from tsalab.steps import Place


def show(place: Place) -> list[Finding]:
    """Look at the machine and at the account side by side, and show what was found.

    Parameters
    ----------
    place
        Where the lab is done.
    """
    with (
        StepView("preflight", say("preflight.title"), redactor=place.redactor) as view,
        ThreadPoolExecutor(1, thread_name_prefix="tsalab-machine") as pool,
    ):
        checks = of_machine(place.workdir)
        here = pool.submit(lambda: [look(name, check, view.stage) for name, check in checks.items()])
        there = of_account(place, view.stage)
        found = [*here.result(), *there]
        view.end(parts(found), instead=True)
    return found


def parts(found: Sequence[Finding]) -> list[Part]:
    """The table, with a word and an icon for each finding, and what to do about it."""
    amiss = [finding for finding in found if not finding.ok]
    said = say("preflight.some", count=len(amiss)) if amiss else say("preflight.all")
    rows = [(_word(finding), finding.label, finding.saw, finding.fix) for finding in found]
    columns = ("what", "saw", "fix") if amiss else ("what", "saw")
    headings = ("", *(say(f"preflight.heading.{name}") for name in columns))
    shade = ["" if finding.ok else FAILED.tint for finding in found]
    return [note(said), table([row[: len(headings)] for row in rows], headings, shade=shade)]


def _word(finding: Finding) -> str:
    """How it ended, by an icon and a word, which stay on one line."""
    word = say("preflight.ok" if finding.ok else "preflight.amiss")
    return f"{status_of(word).icon}\N{NO-BREAK SPACE}{word}"

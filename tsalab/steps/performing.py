"""How a cell acts. Guided, it does the step; in a challenge the learner does, and it only looks."""

from __future__ import annotations

from tsalab.cloud.waiting import poll
from tsalab.errors import TsalabError
from tsalab.messages import say
from tsalab.records import Mode
from tsalab.show import StepView
from tsalab.steps.place import Place
from tsalab.steps.step import Check, Finding, StepCode
from tsalab.steps.world import World

GUIDED: Mode = "guided"
CHALLENGE: Mode = "challenge"


def safely(check: Check, world: World) -> Finding:
    """A check's finding; what it could not read is a finding too."""
    try:
        return check(world)
    except TsalabError as error:
        return Finding.of_error(error)


def due(code: StepCode, finding: Finding, mode: Mode) -> bool:
    """Whether a step's do is to run, after what its check found.

    Parameters
    ----------
    code
        Of the step.
    finding
        What its check saw just now.
    mode
        How the lab's cells act.
    """
    if code.do is None:
        return False
    if mode == CHALLENGE:
        return code.always and finding.passed
    return code.always or not finding.passed


def wait(check: Check, place: Place, seconds: float) -> Finding:
    """Look again until the check passes, or says that waiting is of no use, or the time is over."""
    found, _ = poll(
        lambda: safely(check, World(place)), lambda seen: seen.passed or seen.final, seconds=seconds
    )
    return found


def wait_if_coming(check: Check, finding: Finding, place: Place, view: StepView, seconds: float) -> Finding:
    """Wait for what is already on its way, and for nothing else: what nobody began will not come.

    Parameters
    ----------
    check
        Of the step.
    finding
        What it saw just now.
    place
        Where to look.
    view
        Is told what is waited for, and what has changed.
    seconds
        How long to wait at most.
    """
    if not finding.coming:
        return finding
    view.line(say("challenge.waiting", what=finding.coming, count=round(seconds)))
    said = ""

    def look() -> Finding:
        nonlocal said
        seen = safely(check, World(place))
        if seen.coming and seen.saw != said:
            said = seen.saw
            view.line(said)
        return seen

    found, _ = poll(look, lambda seen: not seen.coming, seconds=seconds)
    return found

"""Break something and say as little as possible about it; mend it; list what there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tsalab.course import LAB
from tsalab.errors import FaultError, TsalabError
from tsalab.faults import account, code, network
from tsalab.faults.fault import Facts, Fault
from tsalab.messages import say
from tsalab.records import Journal, Record, utc_now
from tsalab.records.record import Status
from tsalab.show import Part, StepView, note, table
from tsalab.steps import Place, World

FAULTS = {fault.name: fault for fault in (*code.FAULTS, *network.FAULTS, *account.FAULTS)}


class Breakable(Protocol):
    """The lab, as far as a fault needs it."""

    place: Place
    learner: str
    journal: Journal

    @property
    def run(self) -> str:
        """Nonce of the run that the working folder belongs to."""


def break_(lab: Breakable, name: str = "", *, reveal: bool = False) -> None:
    """Break something and record it; without a name, list what can be broken.

    Parameters
    ----------
    lab
        Whose things.
    name
        Of the fault.
    reveal
        Whether to tell what was broken.

    Raises
    ------
    FaultError
        When there is no such fault, the profile does not allow faults, or the lab is not far enough.
    """
    if not name:
        with StepView("faults", say("faults.list.title")) as view:
            view.end(_listing())
        return
    fault = _allowed(lab, name)
    with StepView("fault", say("faults.breaking", name=name), redactor=lab.place.redactor) as view:
        tell = view.line if reveal else _say_nothing
        _recorded(lab, fault, "broken", lambda: fault.make(World(lab.place), tell), fault.told)
        view.end([note(fault.truth if reveal else fault.told), note(say("faults.find", name=name))])


def mend(lab: Breakable, name: str) -> None:
    """Repair what a fault broke, and record that.

    Parameters
    ----------
    lab
        Whose things.
    name
        Of the fault.

    Raises
    ------
    FaultError
        When there is no such fault, or the profile does not allow faults.
    """
    fault = _allowed(lab, name)
    known = _noted(lab, name)
    with StepView("fault", say("faults.mending", name=name), redactor=lab.place.redactor) as view:

        def work() -> Facts:
            fault.mend(World(lab.place), view.line, known)
            return {}

        _recorded(lab, fault, "mended", work, fault.truth)
        view.end([note(say("faults.mended", truth=fault.truth))])


def _listing() -> list[Part]:
    rows = [(fault.name, fault.teaches) for fault in FAULTS.values()]
    head = say("faults.list.name"), say("faults.list.teaches")
    return [table(rows, head), note(say("faults.list.next"))]


def _allowed(lab: Breakable, name: str) -> Fault:
    if name not in FAULTS:
        raise FaultError.unknown(name, FAULTS)
    account = lab.place.account
    if not account.allows_faults:
        raise FaultError.not_allowed(name, account.profile.name)
    return FAULTS[name]


def _noted(lab: Breakable, name: str) -> Mapping[str, Any]:
    """What the latest making of a fault noted, unless it was mended since."""
    mine = [record for record in lab.journal.of_kind("fault") if record.facts["fault"] == name]
    return mine[-1].facts if mine and mine[-1].facts["done"] == "broken" else {}


def _recorded(lab: Breakable, fault: Fault, done: str, work: Callable[[], Facts], saw: str) -> None:
    """Do it and leave a record, also when it stopped half-way: something may be broken then."""
    started, facts, step = utc_now(), {"fault": fault.name, "done": done}, LAB.step(fault.step)
    status: Status = "failed"
    try:
        facts |= work()
        status = "passed"
    except TsalabError as error:
        saw = f"{error.what} {error.why}"
        raise
    finally:
        lab.journal.append(
            Record.new(
                run=lab.run,
                learner=lab.learner,
                kind="fault",
                step=step.id,
                section=step.section,
                title=step.title,
                status=status,
                saw=lab.place.redactor.mask(saw),
                expected=say("faults.expected"),
                facts=facts,
                started=started,
                ended=utc_now(),
            )
        )


def _say_nothing(_text: str) -> None:
    """The learner is to find out."""

"""Before anything is deleted: what would go, what stays, and whether that is wanted."""

from __future__ import annotations

from tsalab import cost
from tsalab.cloud.inventory import Leftover, alike, leftovers
from tsalab.errors import StepError
from tsalab.messages import say
from tsalab.show import Part, StepView, note, table
from tsalab.show.asking import ask
from tsalab.steps.place import Place

YES = "yes"


def listed(place: Place) -> list[Part]:
    """What a clean-up deletes, why each is the lab's, what it costs; and what is left alone."""
    going = leftovers(place.account, place.names)
    return [*_going(place, going), *staying(place)]


def _going(place: Place, going: list[Leftover]) -> list[Part]:
    where = {"account": place.account.identity["account"], "region": place.account.region}
    if not going:
        return [note(say("deletion.nothing", **where))]
    rows = [(thing.kind, thing.name, thing.why, _month(thing)) for thing in going]
    headings = [say(f"deletion.heading.{name}") for name in ("kind", "name", "why", "month")]
    total = say("deletion.total", count=len(going), dollars=sum(map(monthly, going)), **where)
    return [table(rows, tuple(headings), caption=total), note(say("deletion.estimate"))]


def staying(place: Place) -> list[Part]:
    """What is named like the lab's things and stays, for people who may want to look at it."""
    rows = [(thing.kind, thing.name) for thing in alike(place.account, place.names)]
    headings = (say("do.cleanup.heading.kind"), say("do.cleanup.heading.kept"))
    return [table(rows, headings, caption=say("do.cleanup.kept"))] if rows else []


def monthly(thing: Leftover) -> float:
    """US dollars a month, as an estimate, if it is left as it is."""
    return cost.monthly(thing.priced, thing.units)


def _month(thing: Leftover) -> str:
    return say("deletion.dollars", dollars=monthly(thing))


def confirm(place: Place, view: StepView) -> None:
    """Go on only when whoever runs the clean-up wants that all of it is deleted; asked once.

    Raises
    ------
    StepError
        When it was not confirmed. Nothing is deleted then.
    """
    if place.confirm == YES:
        return
    going = leftovers(place.account, place.names)
    for part in _going(place, going):
        for line in part.text.splitlines():
            view.line(line)
    where = {"account": place.account.identity["account"], "region": place.account.region}
    answer = ask(say("deletion.question", count=len(going), yes=YES, **where))
    if answer is None:
        raise StepError.not_confirmed(count=len(going), **where)
    if answer.casefold() != YES:
        raise StepError.declined(count=len(going), **where)
    place.confirm = YES

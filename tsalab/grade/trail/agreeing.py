"""Whether CloudTrail agrees with what the records claim: the call is there, and not after the record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tsalab.grade.evidence import Evidence
from tsalab.grade.examining import Examined
from tsalab.grade.shipped import StepId
from tsalab.grade.trail.events import Event, Events
from tsalab.grade.trail.footprints import FOOTPRINTS, Claim, Footprint
from tsalab.messages import say
from tsalab.records import Record

TIER = 4
_SLACK = timedelta(minutes=2)  # clocks of two machines, and events are told by the second


def agree(
    examined: Examined, events: Events, account: str, steps: Iterable[StepId]
) -> dict[StepId, Evidence]:
    """What an account's trail says of each step that leaves something in it.

    Parameters
    ----------
    examined
        The submission.
    events
        The trail.
    account
        Whose events count.
    steps
        What is graded.
    """
    claim, mine = Claim.of(examined), events.of(account)
    found = {}
    for step in steps:
        if (footprint := FOOTPRINTS.get(step)) is not None:
            fitting = [event for event in mine if footprint.found(event, claim)]
            evidence = _one(footprint, fitting, _bound(examined, step, footprint), events)
            if evidence is not None:
                found[step] = evidence
    return found


def _bound(examined: Examined, step: StepId, footprint: Footprint) -> Record | None:
    """The record by whose end the event has to be there; None when the step is not claimed."""
    own = examined.outcomes.get(step)
    if own is None or not own.passed:
        return None
    return own if footprint.by is None else examined.outcomes.get(footprint.by, own)


def _one(
    footprint: Footprint, fitting: list[Event], record: Record | None, events: Events
) -> Evidence | None:
    if record is None:
        # Nothing is claimed, so nothing can be contradicted; done by hand, it is there.
        return _there(fitting[-1]) if fitting else None
    ended = datetime.fromisoformat(record.ended)
    before = [event for event in fitting if event.time <= ended + _SLACK]
    if before:
        return _there(before[-1])
    what = footprint.names[0]
    if fitting:
        late = fitting[0]
        said = say("grade.trail.later", what=what, time=late.time.isoformat(), ended=record.ended)
        return Evidence(TIER, False, said)
    if footprint.optional:
        return Evidence(TIER, None, say("grade.trail.not_kept", what=what))
    if events.until < ended or events.since > datetime.fromisoformat(record.started):
        return Evidence(TIER, None, say("grade.trail.out_of_reach", what=what))
    return Evidence(TIER, False, say("grade.trail.missing", what=what, ended=record.ended))


def _there(event: Event) -> Evidence:
    when = event.time.isoformat().replace("+00:00", "Z")
    said = say("grade.trail.there", what=event.name, who=event.who, time=when, id=event.id)
    return Evidence(TIER, True, said, at=event.time)

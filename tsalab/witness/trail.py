"""Tier 4: the account's CloudTrail, out of files that the grader has, or asked through a profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tsalab import parameters
from tsalab.cloud import trail
from tsalab.cloud.account import Account
from tsalab.course.course import StepId
from tsalab.errors import GradeError, TsalabError
from tsalab.grade import Evidence
from tsalab.grade.examining import Examined
from tsalab.grade.exports.people import Person
from tsalab.grade.trail import NAMES, Events, TrailError, agree, of_records, read
from tsalab.profiles import locate
from tsalab.witness.whose import Whose, whose

_BEFORE = timedelta(days=14)  # a lab is done in days; what is older is another one's
_AFTER = timedelta(hours=1)
_DELAY = timedelta(minutes=15)  # within which AWS has events ready


@dataclass
class Trail:
    """A witness that holds CloudTrail's events against what the records claim.

    Parameters
    ----------
    steps
        What is graded.
    files
        Events that the grader has; None to ask through profiles.
    whose
        The learners' profiles; None for files.
    accounts
        Accounts by learner, as the roster says them; they count before what records claim.
    """

    steps: Sequence[StepId]
    files: Events | None = None
    whose: Whose | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)
    _taken: dict[str, str] = field(default_factory=dict, repr=False)  # account: whose it is

    def of(self, examined: Examined) -> dict[StepId, Evidence]:
        """What the trail says of each step that leaves something in it.

        Raises
        ------
        GradeError
            When the learner's account is unknown, somebody else's, or has no trail here, or
            the trail contradicts itself.
        """
        events, account = self._events(examined)
        known = self.accounts.get(examined.learner, account)
        claimed = {name for name, _ in examined.accounts}
        if {known, account} | claimed != {account}:
            raise GradeError.trail_of_another(account, ", ".join(sorted((claimed | {known}) - {account})))
        first = self._taken.setdefault(account, examined.learner)
        if first != examined.learner:  # one account is one lab
            raise GradeError.trail_taken(account, first)
        if account not in events.accounts:
            raise GradeError.trail_of_another(", ".join(events.accounts), account)
        return agree(examined, events, account, self.steps)

    def _events(self, examined: Examined) -> tuple[Events, str]:
        if self.files is not None:
            claimed = sorted({name for name, _ in examined.accounts})
            account = self.accounts.get(examined.learner) or (claimed[0] if claimed else "")
            if not account:
                raise GradeError.no_account(examined.name)
            return self.files, account
        assert self.whose is not None  # noqa: S101 - the other of the two
        profile = self.whose.of(examined.learner)
        try:
            return self._asked(profile, examined)
        except TrailError as error:
            raise GradeError.bad_trail(profile, str(error)) from error
        except GradeError:
            raise
        except TsalabError as error:
            raise GradeError.bad_trail(profile, f"{error.what} {error.why}") from error

    def _asked(self, profile: str, examined: Examined) -> tuple[Events, str]:
        regions = {region for _, region in examined.accounts}
        region = regions.pop() if len(regions) == 1 else ""
        parameters.check({"profile": profile, "region": region})
        account = Account(locate(profile, start=False), region or None)
        since, until = _span(examined)
        found = of_records(trail.events(account, sorted(NAMES), since, until), NAMES)
        found.reach(since, min(until, datetime.now(UTC) - _DELAY), account.identity["account"])
        return found, account.identity["account"]


def _span(examined: Examined) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    records = examined.outcomes.values()
    began = min((datetime.fromisoformat(one.started) for one in records), default=now)
    ended = max((datetime.fromisoformat(one.ended) for one in records), default=now)
    return began - _BEFORE, ended + _AFTER


def from_files(path: Path, steps: Sequence[StepId], accounts: Mapping[str, str]) -> Trail:
    """The witness for event files.

    Parameters
    ----------
    path
        A file or a folder.
    steps, accounts
        As `Trail` has them.

    Raises
    ------
    GradeError
        When a file cannot be read, or contradicts itself.
    """
    try:
        return Trail(steps, read(path, NAMES), accounts=accounts)
    except TrailError as error:
        raise GradeError.bad_trail(str(path), str(error)) from error


def heard_from(
    source: str, paths: Sequence[Path], steps: Sequence[StepId], people: Mapping[str, Person]
) -> Trail:
    """The witness for whatever source there is.

    Parameters
    ----------
    source
        A file or folder of events, else a profile's name or pattern.
    paths
        What was handed in.
    steps
        What is graded.
    people
        From the roster, which may say whose an account is.

    Raises
    ------
    GradeError
        When a file cannot be used, or one account would have to speak for several learners.
    """
    accounts = {name: person.account for name, person in people.items() if person.account}
    if Path(source).exists():
        return from_files(Path(source), steps, accounts)
    return Trail(steps, whose=whose(paths, source, people), accounts=accounts)

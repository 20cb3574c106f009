"""Grading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error, say


class GradeError(TsalabError):
    """Something that grading goes by cannot be used."""

    @classmethod
    def unreadable_rubric(cls, path: Path, cause: str) -> Self:
        """The rubric cannot be read."""
        return cls(**error("grade.unreadable_rubric", path=path, cause=" ".join(cause.split())))

    @classmethod
    def wrong_rubric(cls, path: Path | str, name: str, expected: str) -> Self:
        """An entry of the rubric is not one, or cannot have that value."""
        return cls(**error("grade.wrong_rubric", path=path, name=name, expected=expected))

    @classmethod
    def unreadable_roster(cls, path: Path, cause: str) -> Self:
        """The roster cannot be read."""
        return cls(**error("grade.unreadable_roster", path=path, cause=cause))

    @classmethod
    def no_profile(cls, learner: str, profile: str) -> Self:
        """There is no profile with which to look at a learner's account."""
        who = learner or say("grade.nobody")
        return cls(**error("grade.no_profile", learner=who, profile=profile or say("grade.no_name")))

    @classmethod
    def no_profiles(cls) -> Self:
        """A live look is asked for, and no profile is named."""
        return cls(**error("grade.no_profiles"))

    @classmethod
    def one_profile(cls, profile: str, count: int) -> Self:
        """One profile, and more than one submission."""
        return cls(**error("grade.one_profile", profile=profile, count=count))

    @classmethod
    def profile_twice(cls, profile: str, learner: str) -> Self:
        """The roster gives one profile to two learners."""
        return cls(**error("grade.profile_twice", profile=profile, learner=learner))

    @classmethod
    def other_account(cls, profile: str, account: str, claimed: str) -> Self:
        """The account that was looked at is not the one that the records name."""
        return cls(**error("grade.other_account", profile=profile, account=account, claimed=claimed))

    @classmethod
    def account_of_another(cls, profile: str, account: str, learner: str) -> Self:
        """The account that was looked at was somebody else's before."""
        who = learner or say("grade.nobody")
        return cls(**error("grade.account_of_another", profile=profile, account=account, learner=who))

    @classmethod
    def not_looked(cls, learner: str, profile: str, cause: str) -> Self:
        """The account could not be looked at."""
        who = learner or say("grade.nobody")
        return cls(**error("grade.not_looked", learner=who, profile=profile, cause=cause))

    @classmethod
    def bad_trail(cls, source: str, cause: str) -> Self:
        """A trail cannot be read, or contradicts itself."""
        return cls(**error("grade.bad_trail", source=source, cause=cause))

    @classmethod
    def trail_of_another(cls, account: str, wanted: str) -> Self:
        """A trail is another account's than the one that the lab was done in."""
        return cls(**error("grade.trail_of_another", account=account, wanted=wanted))

    @classmethod
    def trail_taken(cls, account: str, learner: str) -> Self:
        """A trail told of somebody else's work already."""
        who = learner or say("grade.nobody")
        return cls(**error("grade.trail_taken", account=account, learner=who))

    @classmethod
    def no_account(cls, name: str) -> Self:
        """Nothing says in which account a lab was done."""
        return cls(**error("grade.no_account", name=name))

    @classmethod
    def no_work(cls, name: str) -> Self:
        """Nothing lies beside a notebook that could be replayed."""
        return cls(**error("grade.no_work", name=name))

    @classmethod
    def bad_work(cls, name: str, cause: str) -> Self:
        """The work beside a notebook cannot be used."""
        return cls(**error("grade.bad_work", name=name, cause=cause))

    @classmethod
    def other_work(cls, name: str, wanted: str, found: str) -> Self:
        """The work beside a notebook is not the one that its records are about."""
        return cls(**error("grade.other_work", name=name, wanted=wanted, found=found))

    @classmethod
    def no_ledgers(cls, paths: str) -> Self:
        """There is no ledger where they should be."""
        return cls(**error("grade.no_ledgers", paths=paths))

    @classmethod
    def no_ledger(cls, reasons: Sequence[str]) -> Self:
        """The ledgers that should speak for a learner may not."""
        return cls(**error("grade.no_ledger", reasons=" ".join(reasons)))

    @classmethod
    def untrusted_ledger(cls, name: str, issuer: str, *, own: bool) -> Self:
        """Nobody whom the grader trusts vouches for a ledger."""
        why = say("grade.untrusted_ledger.own") if own else say("grade.untrusted_ledger.other", issuer=issuer)
        return cls(**error("grade.untrusted_ledger", name=name, why=why))

    @classmethod
    def ledger_of_another(cls, name: str, learner: str, claimed: str) -> Self:
        """A ledger that is another learner's."""
        who = claimed or say("grade.nobody")
        return cls(**error("grade.ledger_of_another", name=name, learner=learner, claimed=who))

    @classmethod
    def other_sandbox(cls, name: str, sandbox: str, account: str, claimed: str) -> Self:
        """A ledger of a sandbox that the records do not name."""
        fields = {"name": name, "sandbox": sandbox, "account": account, "claimed": claimed}
        return cls(**error("grade.other_sandbox", **fields))

    @classmethod
    def ledger_of_other_run(cls, name: str, run: str, claimed: str) -> Self:
        """A ledger that was sealed over another run's folder."""
        return cls(**error("grade.ledger_of_other_run", name=name, run=run, claimed=claimed))

    @classmethod
    def unwritable(cls, path: Path, cause: str) -> Self:
        """What is handed on cannot be written there."""
        return cls(**error("grade.unwritable", path=path, cause=cause))

    @classmethod
    def nothing_found(cls, paths: str) -> Self:
        """There is no notebook where they should be."""
        return cls(**error("grade.nothing_found", paths=paths))

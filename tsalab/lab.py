"""The lab: what a notebook holds in its hand.

State lives in the world and in the journal, never in the kernel: after a restart,
`Lab.open` knows where you are, and every cell may run again.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self, cast

from tsalab import experiments, faults, guidance, parameters, preflight, rooms, settings, standing, workplace
from tsalab.course import CLEANUP, LAB, Step
from tsalab.course.course import StepId
from tsalab.cutover import Cutover
from tsalab.errors import StepError, TsalabError
from tsalab.messages import say
from tsalab.panel import Panel
from tsalab.profiles import locate
from tsalab.records import Journal, Mode, Record, utc_now
from tsalab.reset import reset
from tsalab.show import Part, StepView, pairs
from tsalab.steps import STEPS, Finding, Outcome, Place, World, performing, undo


@dataclass(frozen=True)
class Checked:
    """A step and what its check saw."""

    number: StepId
    title: str
    passed: bool
    saw: str
    expected: str
    next: str
    evidence: tuple[Part, ...] = ()


class Lab:
    """One learner's lab on one account. Make it with `Lab.open`.

    Parameters
    ----------
    place
        The account, the folder and the connections.
    learner
        Who does it.
    mode
        Whether its cells do the steps (``guided``) or only check them (``challenge``).
    """

    def __init__(self, place: Place, learner: str, mode: Mode = performing.GUIDED) -> None:
        self.place = place
        self.learner = learner
        self.mode = mode
        self.journal = Journal(place.workdir / workplace.STATE / "journal.jsonl", redactor=place.redactor)
        self.panel = Panel(self)
        self.infra = rooms.Infra(self)
        self.bucket = rooms.Bucket(self)
        self.pipeline = rooms.Pipeline(self)
        self.secret = rooms.Secret(self)
        self.server = rooms.WebServer(self)
        self.data = rooms.Data(self)
        self.code = rooms.Code(self)
        self.site = rooms.Site(self)
        self.cleanup = rooms.Cleanup(self)
        self.pause = experiments.Pausing(place)
        self.data_api = experiments.Asked(place, self.journal)
        self.dms = experiments.Replicated(place)
        self.cutover = Cutover(self)

    @classmethod
    def open(
        cls,
        profile: str = "",
        *,
        learner: str = "learner",
        workdir: str = "",
        method: str = "dump",
        region: str = "",
        mode: str = performing.GUIDED,
        variant: str = "",
        bootstrap: str = "",
        confirm: str = "ask",
    ) -> Self:
        """Open the lab, wherever it stands.

        Parameters
        ----------
        profile, learner, workdir, method, region, mode, variant, bootstrap, confirm
            As the table in `tsalab.parameters` says.

        Raises
        ------
        SettingError
            When papermill was given an unknown parameter, or a value is malformed.
        ProfileError
            When there is no such profile, or AWS does not accept it.
        """
        profile = profile or settings.get("profile")
        parameters.refuse_unknown(parameters.injected(parameters.cells_so_far()))
        given = {"learner": learner, "workdir": workdir, "method": method, "region": region}
        given |= {"mode": mode, "variant": variant, "bootstrap": bootstrap, "confirm": confirm}
        parameters.check({"profile": profile, **given})
        with StepView("open", say("lab.opening", profile=profile)) as view:
            found = locate(profile, on_line=view.line)
            place = workplace.place_at(
                found, workdir, method=method, region=region, variant=variant, bootstrap=bootstrap
            )
            place.account.refuse_unlisted()
            place.confirm = confirm
            moved = workplace.set_aside(place)
            if moved and not variant:
                place.variant = place.account.variant  # what was remembered was another stack's
            lab = cls(place, learner, cast("Mode", mode))  # which the table has just checked
            if variant or bootstrap:
                workplace.remember(place, **({"variant": variant} if variant else {}))
            view.end([lab._summary(moved)])
        atexit.register(lab.close)
        return lab

    @classmethod
    def inspect(cls, profile: str = "", *, workdir: str = "", region: str = "", bootstrap: str = "") -> Self:
        """Open the lab to look at it: shows nothing, writes nothing, starts nothing.

        Parameters
        ----------
        profile, workdir, region, bootstrap
            As for `open`.

        Raises
        ------
        SettingError, ProfileError
            As for `open`.
        """
        profile = profile or settings.get("profile")
        parameters.check({"profile": profile, "workdir": workdir, "region": region, "bootstrap": bootstrap})
        place = workplace.place_at(locate(profile, start=False), workdir, region=region, bootstrap=bootstrap)
        lab = cls(place, "")
        atexit.register(lab.close)
        return lab

    @cached_property
    def run(self) -> str:
        """Nonce of the run that the working folder belongs to."""
        return workplace.run_nonce(self.place)

    def close(self) -> None:
        """Close the connection to the web server."""
        self.place.disconnect()

    def _ipython_display_(self) -> None:
        self.panel.show()

    def __repr__(self) -> str:
        return f"Lab({self.place.account.profile.name}, {self.learner}, {self.place.workdir})"

    def perform(self, step_id: StepId, *, patience: float | None = None, **options: Any) -> None:
        """Do a step, unless its check passes already, and leave its record.

        In a challenge the learner does it: the check looks, waits only for what is already
        on its way, and a step that is not done is an error here too, so that "run all" and
        papermill stop at it.

        Parameters
        ----------
        step_id
            1 to 30, or ``"cleanup-1"`` to ``"cleanup-8"``.
        patience
            Seconds that its outcome may take to appear; the course's own when None.
        options
            What the step's do takes by name.

        Raises
        ------
        TsalabError
            When the step could not be done, or its check does not pass afterwards.
        """
        step, code = _step(step_id), STEPS[step_id]
        seconds = step.patience if patience is None else patience
        started = utc_now()
        with StepView(step.id, step.title, redactor=self.place.redactor) as view:
            outcome, error = Outcome(), None
            evidence: tuple[Part, ...] = ()
            try:
                # The do begins with the look that the check took: nothing has changed in between.
                world = World(self.place)
                finding = performing.safely(code.check, world)
                if self.mode == performing.CHALLENGE:
                    finding = performing.wait_if_coming(code.check, finding, self.place, view, seconds)
                evidence = finding.evidence
                if code.do and performing.due(code, finding, self.mode):
                    undo.keep_before(step.id, world, view)
                    outcome = code.do(world, view, **options)
                    finding = performing.wait(code.check, self.place, seconds)
                    undo.keep_after(step.id, world, view, passed=finding.passed)
                elif self.mode == performing.GUIDED and not finding.passed:
                    finding = performing.wait(code.check, self.place, seconds)
            except TsalabError as raised:
                # What the check pointed at is what the do stumbled over.
                finding, error = replace(Finding.of_error(raised), evidence=evidence), raised
            except KeyboardInterrupt:
                interrupted = Finding(
                    False,
                    say("lab.interrupted.saw"),
                    say("lab.interrupted.expected"),
                    say("lab.interrupted.next"),
                )
                view.finish(self._record(step, interrupted, outcome, started), outcome.parts)
                raise
            parts = [*outcome.parts, *finding.evidence]
            view.finish(self._record(step, finding, outcome, started), parts)
        self.panel.after_step(passed=finding.passed)
        if error:
            raise error
        if not finding.passed:
            raise StepError.not_passed(step.id, step.title, finding.saw, finding.expected, finding.next)

    def check(self, steps: Iterable[StepId] = ()) -> list[Checked]:
        """Look at the real state, and at nothing else; changes nothing.

        Parameters
        ----------
        steps
            Which ones; all thirty when empty.
        """
        world = World(self.place, hurried=True)
        found = []
        for step in [_step(step_id) for step_id in steps] or LAB.steps:
            finding = performing.safely(STEPS[step.id].check, world)
            found.append(
                Checked(
                    step.id,
                    step.title,
                    finding.passed,
                    finding.saw,
                    finding.expected,
                    finding.next,
                    finding.evidence,
                )
            )
        return found

    def preflight(self) -> None:
        """Show whether this machine and the account have what the lab needs; changes nothing."""
        preflight.show(self.place)

    def hint(self, step: StepId | None = None, *, level: int | None = None) -> None:
        """Show and record the next hint for a step: that of the step where you are, unless you name one."""
        guidance.hint(self, step, level)

    def why(self, step: StepId | None = None) -> None:
        """Show why a step is done: the step where you are, unless you name one."""
        guidance.why(self, step)

    def by_hand(self, step: StepId | None = None) -> None:
        """Show how to do a step without its cell: the step where you are, unless you name one."""
        guidance.by_hand(self, step)

    def reset(self, to: int | str, *, yes: bool = False) -> None:
        """Go back to just before a step; without ``yes``, only list what that would take back.

        Parameters
        ----------
        to
            A step's number, a section's title (or the slug of its cell), or ``"start"``.
        yes
            Whether to do it.

        Raises
        ------
        ResetError
            When there is no such place, or the lab is not just before it afterwards.
        TsalabError
            When a part cannot go back.
        """
        try:
            reset(self, to, yes=yes)
        finally:
            self.panel.refresh()

    def break_(self, name: str = "", *, reveal: bool = False) -> None:
        """Break something on purpose, to find out what; without a name, list what can be broken."""
        faults.break_(self, name, reveal=reveal)

    def mend(self, name: str) -> None:
        """Repair what `break_` broke."""
        faults.mend(self, name)

    def _record(self, step: Step, finding: Finding, outcome: Outcome, started: Any) -> Record:
        mask = self.place.redactor.mask
        return self.journal.append(
            Record.new(
                run=self.run,
                learner=self.learner,
                step=step.id,
                mode=self.mode,
                section=step.section,
                title=step.title,
                status="passed" if finding.passed else "failed",
                saw=mask(finding.saw),
                expected=mask(finding.expected),
                next=mask(finding.next),
                facts={**self._where, **outcome.facts, **finding.facts},
                started=started,
                ended=utc_now(),
            )
        )

    @property
    def _where(self) -> dict[str, str]:
        """Which account and region a step was done in; stands in its record."""
        account = self.place.account
        return {"account": account.identity["account"], "region": account.region}

    def _summary(self, moved: Path | None) -> Part:
        account = self.place.account
        said: dict[str, object] = {
            say("lab.summary.account"): say(
                "lab.summary.region", account=account.identity["account"], region=account.region
            ),
            say("lab.summary.folder"): self.place.workdir,
            say("lab.summary.variant"): say(f"lab.variant.{self.place.variant}"),
            **standing.told(self.journal),
        }
        if self.mode == performing.CHALLENGE:
            said[say("lab.summary.mode")] = say("lab.summary.challenge")
        if moved:
            said[say("lab.summary.set_aside")] = say("lab.summary.moved", moved=moved)
        return pairs(said)


def _step(step_id: StepId) -> Step:
    return (CLEANUP if isinstance(step_id, str) else LAB).step(step_id)

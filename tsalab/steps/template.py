"""Steps 1 to 6: the template, the lab's four additions, the zip."""

from __future__ import annotations

from contextlib import suppress

from tsalab.course import LAB
from tsalab.errors import TemplateError
from tsalab.messages import say
from tsalab.resources import VARIANTS
from tsalab.show import StepView, diff, excerpt, note
from tsalab.steps.step import STEPS, Finding, Outcome
from tsalab.steps.world import World
from tsalab.template import Problem, Template, package, read_package

FRAGMENTS = {
    2: "database-subnet-group",
    3: "database-secret",
    4: "database-cluster",
    5: "read-secrets-policy",
}
# What lab 3's template has and the lab's steps refer to.
LAB3 = ("VPC", "PrivateSubnetA", "PrivateSubnetB", "PrivateSecurityGroup", "ServerRole", "CFDistribution")


def _problems(template: Template) -> list[Problem]:
    """The template's problems, but for those that the lab's own next fragments mend.

    Step 3's attachment refers to the cluster of step 4: a template is fine on its way
    when it would be fine at its end.
    """
    found = template.problems()
    if not found:
        return []
    for name in FRAGMENTS.values():
        with suppress(TemplateError):  # a fragment that is there but differs: its own step says so
            template = template.add(name)
    lasting = {problem.what for problem in template.problems()}
    return [problem for problem in found if problem.what in lasting]


def _problem(template: Template) -> Finding | None:
    """The template's first problem as a finding, if it has one."""
    problems = _problems(template)
    if not problems:
        return None
    first, more = problems[0], len(problems) - 1
    saw = say("check.template.problem", line=first.line, column=first.column, what=first.what, why=first.why)
    if more:
        saw += say("check.template.more", count=more)
    return Finding(
        False,
        saw,
        say("check.template.sound"),
        first.next,
        final=True,
        evidence=(excerpt(template.text, first.line, first.column),),
    )


def lacking(template: Template) -> dict[int, str]:
    """The lab's fragments that a template does not hold, by the step that adds them."""
    return {step: name for step, name in FRAGMENTS.items() if not template.has(name).present}


def _broken(problem: Problem) -> TemplateError:
    return TemplateError.broken(problem.line, problem.column, problem.what, problem.why, problem.next)


@STEPS.check(1)
def check_open(world: World) -> Finding:
    """infra.yml is in the learner's folder, readable, and lab 3's."""
    expected = say("check.template.expected")
    if not world.template_path.exists():
        source = world.place.pipeline.source
        folder = world.place.workdir
        next_step = say("check.template.fetch", folder=folder, bucket=source.bucket, key=source.key)
        return Finding(False, say("check.template.absent", folder=folder), expected, next_step, final=True)
    template = world.template
    if problem := _problem(template):
        return problem
    missing = [name for name in LAB3 if name not in template.resources]
    if missing:
        saw = say("check.template.not_lab3", names=", ".join(missing))
        return Finding(False, saw, expected, say("check.template.take"), final=True)
    count = len(template.resources)
    saw = say("check.template.there", count=count)
    return Finding(True, saw, expected, facts={"resources": count})


@STEPS.do(1)
def do_open(world: World, view: StepView) -> Outcome:
    """Fetch the template that is deployed, unless the learner already has one."""
    if not world.template_path.exists():
        source = world.place.pipeline.source
        view.line(say("do.template.fetching", bucket=source.bucket, key=source.key))
        if world.uploaded is None:
            raise TemplateError.never_uploaded(source.bucket, source.key)
        world.place.workdir.mkdir(parents=True, exist_ok=True)
        Template(read_package(world.uploaded.body)).write(world.template_path)
    return Outcome(parts=[note(say("do.template.path", path=world.template_path))])


def _other_variant(template: Template, name: str) -> str:
    """The variant of the lab whose block a template holds in place of its own; empty when it is none."""
    others = (variant for variant in VARIANTS if variant != template.variant)
    return next((variant for variant in others if template.has(name, variant).present), "")


def _register_fragment(step_id: int, name: str) -> None:
    @STEPS.check(step_id)
    def check(world: World) -> Finding:
        template = world.template
        if problem := _problem(template):
            return problem
        found = template.has(name)
        if not found.present and (other := _other_variant(template, name)):
            saw = say("check.template.other_variant", variant=other)
            mend = say("check.template.one_variant", variant=other, ours=template.variant, step=step_id)
            return Finding(False, saw, found.expected, mend, final=True)
        where = say("check.template.at", line=found.line, column=found.column) if found.line else ""
        return Finding(
            found.present,
            f"{found.saw}{where}",
            found.expected,
            found.next or LAB.step(step_id).by_hand,
            facts={"line": found.line} if found.line else {},
            final=True,
            evidence=()
            if found.present or found.line is None
            else (excerpt(template.text, found.line, found.column),),
        )

    @STEPS.do(step_id)
    def do(world: World, _view: StepView) -> Outcome:
        before = world.template
        if problems := _problems(before):
            raise _broken(problems[0])
        after = before.add(name)
        after.write(world.template_path)
        return Outcome(parts=[diff(before.diff(after), title=say("do.template.changed"))])


for _step_id, _name in FRAGMENTS.items():
    _register_fragment(_step_id, _name)


@STEPS.check(6)
def check_zip(world: World) -> Finding:
    """infra.yml.zip holds exactly the learner's finished template."""
    expected = say("check.zip.expected")
    if not world.package_path.exists():
        return Finding(False, say("check.zip.absent"), expected, say("check.zip.make"))
    try:
        text = world.package
    except TemplateError as error:
        return Finding(False, f"{error.what} {error.why}", expected, error.next_step)
    zipped = Template(text, variant=world.place.variant)
    own = world.template if world.template_path.exists() else zipped
    if missing := lacking(zipped):
        names = ", ".join(missing.values())
        if undone := lacking(own):
            step = min(undone)
            next_step = say("check.zip.finish", step=step, title=LAB.step(step).title)
            return Finding(False, say("check.zip.lacks", names=names), expected, next_step)
        return Finding(False, say("check.zip.older", names=names), expected, say("check.zip.again"))
    if own.text != text:
        return Finding(False, say("check.zip.changed"), expected, say("check.zip.again"))
    size = world.package_path.stat().st_size
    return Finding(True, say("check.zip.there", count=size), expected, facts={"bytes": size})


@STEPS.do(6)
def do_zip(world: World, _view: StepView) -> Outcome:
    """Zip the template, unless it has problems."""
    if problems := world.template.problems():
        raise _broken(problems[0])
    package(world.template_path, world.package_path)
    return Outcome(parts=[note(say("do.zip.wrote", path=world.package_path))])

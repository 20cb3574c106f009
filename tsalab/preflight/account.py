"""What lab 4 needs of the account: who you are, what the earlier labs left, what AWS offers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from tsalab.cloud.engines import offered
from tsalab.cloud.stacks import Stack, StackState
from tsalab.messages import say
from tsalab.preflight.finding import Finding, Tell, look
from tsalab.steps import Place, World
from tsalab.steps.template import LAB3
from tsalab.steps.variants import ENGINES

NEEDED = (*LAB3, "WebServer")
OUTPUTS = ("URL", "DistributionUrl")
# boto3 makes clients one at a time only: they are made before the checks run side by side.
_SERVICES = ("sts", "cloudformation", "codepipeline", "s3", "codecommit", "rds")
# A failed update that was rolled back leaves a stack that works and can be updated.
_USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")

# From these no deployment leads on.
_WAYS = {
    "REVIEW_IN_PROGRESS": "delete_first",
    "CREATE_FAILED": "delete_first",
    "ROLLBACK_COMPLETE": "delete_first",
    "ROLLBACK_FAILED": "delete_first",
    "DELETE_FAILED": "delete_first",
    "UPDATE_ROLLBACK_FAILED": "roll_back",
}


def of_account(place: Place, tell: Tell) -> list[Finding]:
    """Look at the account; what does not wait for another thing is looked at side by side.

    Parameters
    ----------
    place
        The account, and what the earlier labs' things are called.
    tell
        Told how far it is, from any thread.

    Returns
    -------
    list of Finding
        The identity alone when AWS does not accept it: nothing else could be read.
    """
    for service in _SERVICES:
        place.account.client(service)
    who = look("identity", lambda: identity(place), tell)
    if not who.ok:
        return [who]
    with ThreadPoolExecutor(len(_CHECKS), thread_name_prefix="tsalab-preflight") as pool:
        running: dict[str, Future[Finding]] = {}
        for name, (check, needs) in _CHECKS.items():  # what is needed stands above what needs it
            before = running.get(needs)
            running[name] = pool.submit(_one, name, check, place, tell, before)
        return [who, *(future.result() for future in running.values())]


def _one(
    name: str,
    check: Callable[[Place], Finding],
    place: Place,
    tell: Tell,
    before: Future[Finding] | None,
) -> Finding:
    if before is not None and not (needed := before.result()).ok:
        unknown = Finding(
            name, False, say("preflight.unseen"), say("preflight.mend_first", name=needed.label)
        )
        return look(name, lambda: unknown, tell)
    return look(name, lambda: check(place), tell)


def identity(place: Place) -> Finding:
    """Whether AWS accepts the profile; the region."""
    who, region = place.account.identity, place.account.region
    return Finding("identity", True, say("preflight.identity.saw", arn=who["arn"], region=region))


def bootstrap(place: Place) -> Finding:
    """Whether lab 1's stack has its pipeline, and the bucket that the pipeline reads keeps versions."""
    source = place.pipeline.source
    saw = say("preflight.bootstrap.saw", pipeline=place.pipeline.name, bucket=source.bucket, key=source.key)
    state = Stack(place.account, place.bootstrap).state()
    if state and not _usable(state):
        return _at_work_or_broken("bootstrap", state)
    bucket = World(place).bucket
    if not bucket.exists():
        missing = say("preflight.bootstrap.no_bucket", bucket=source.bucket)
        return Finding("bootstrap", False, missing, say("preflight.bootstrap.deploy"))
    if not bucket.versioned():
        unversioned = say("preflight.bootstrap.unversioned", bucket=source.bucket)
        switch = say("preflight.bootstrap.switch", bucket=source.bucket)
        return Finding("bootstrap", False, unversioned, switch)
    return Finding("bootstrap", True, saw)


def gallery(place: Place) -> Finding:
    """Whether the gallery's stack is at rest, and holds what the lab's steps refer to."""
    world = World(place)
    state = world.stack_state
    if not _usable(state):
        return _at_work_or_broken("gallery", state)
    missing = [name for name in NEEDED if name not in world.resources]
    missing += [name for name in OUTPUTS if not state.outputs.get(name)]
    if missing:
        saw = say("preflight.gallery.lacks", stack=state.name, missing=", ".join(missing))
        source = place.pipeline.source
        return Finding(
            "gallery", False, saw, say("preflight.gallery.deploy", bucket=source.bucket, key=source.key)
        )
    saw = say("preflight.gallery.saw", stack=state.name, status=state.status, count=len(world.resources))
    return Finding("gallery", True, saw)


def codecommit(place: Place) -> Finding:
    """Whether the app's repository can be read, through the API and with git."""
    world = World(place)
    repository = world.repository
    head = repository.head()
    world.clone.reach(repository.clone_url())
    saw = say("preflight.codecommit.saw", repository=repository.name, commit=head[:10])
    return Finding("codecommit", True, saw)


def engine(place: Place) -> Finding:
    """Whether RDS still makes clusters of the kind that step 4 asks for."""
    kind, mode = ENGINES[place.variant]
    versions = offered(place.account, kind, mode)
    if not versions:
        saw = say("preflight.engine.refused", engine=kind, mode=mode, region=place.account.region)
        return Finding("engine", False, saw, say("preflight.engine.fix"))
    saw = say("preflight.engine.saw", engine=kind, mode=mode, version=versions[-1])
    return Finding("engine", True, saw)


def login(place: Place) -> Finding:
    """Whether the web server lets us in."""
    world = World(place)
    who = world.server.run("id -un").stdout.strip()
    return Finding("login", True, say("preflight.login.saw", user=who, host=world.server_host))


_CHECKS: dict[str, tuple[Callable[[Place], Finding], str]] = {
    "bootstrap": (bootstrap, ""),
    "gallery": (gallery, "bootstrap"),
    "codecommit": (codecommit, ""),
    "engine": (engine, ""),
    "login": (login, "gallery"),
}


def _usable(state: StackState) -> bool:
    return state.status in _USABLE


def _at_work_or_broken(name: str, state: StackState) -> Finding:
    saw = say("preflight.stack.status", stack=state.name, status=state.status)
    way = _WAYS.get(state.status, "broken") if state.settled else "busy"
    return Finding(name, False, saw, say(f"preflight.stack.way.{way}", stack=state.name))

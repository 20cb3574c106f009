"""The clean-up: empty, delete, and look that nothing is left.

The lab's text expects RDS to leave a snapshot; its own template says
``DeletionPolicy: Delete``, which leaves none. So what is really there is deleted: none,
or some.
"""

from __future__ import annotations

from tsalab.cloud.bucket import Bucket
from tsalab.cloud.cluster import Cluster
from tsalab.cloud.environments import Environments
from tsalab.cloud.inventory import BUCKETS, delete_key_pair, delete_repositories, leftovers
from tsalab.cloud.replication import Replication
from tsalab.cloud.replication_removal import Removal
from tsalab.cloud.stacks import Stack
from tsalab.cloud.waiting import poll
from tsalab.course import CLEANUP
from tsalab.errors import CloudError
from tsalab.messages import say
from tsalab.show import StepView, note, table
from tsalab.steps.deletion import confirm, listed
from tsalab.steps.following import Follower, look_again
from tsalab.steps.place import Place
from tsalab.steps.step import STEPS, Finding, Outcome
from tsalab.steps.world import World


def _buckets(place: Place) -> list[Bucket]:
    """The buckets of both stacks, as far as the stacks still exist."""
    found = []
    for name in (place.bootstrap, place.stack):
        stack = Stack(place.account, name)
        if stack.state() is None:
            continue
        resources = stack.resources()
        found += [Bucket(place.account, resources[key]) for key in BUCKETS if resources.get(key)]
    return [bucket for bucket in found if bucket.exists()]


def bucket_names(place: Place) -> list[str]:
    """Names of the buckets that the clean-up empties."""
    return [bucket.name for bucket in _buckets(place)]


@STEPS.check("cleanup-1")
def check_buckets(world: World) -> Finding:
    """The lab's buckets are empty, or gone."""
    expected = say("check.emptied.expected")
    full = {bucket.name: count for bucket in _buckets(world.place) if (count := bucket.count())}
    if full:
        saw = ", ".join(say("check.emptied.holds", bucket=name, count=count) for name, count in full.items())
        return Finding(False, saw, expected, CLEANUP.step("cleanup-1").by_hand)
    return Finding(True, say("check.emptied.done"), expected)


@STEPS.do("cleanup-1")
def do_empty(world: World, view: StepView) -> Outcome:
    """Delete every version of every object."""
    confirm(world.place, view)
    rows = []
    unit = say("units.object_versions")
    for bucket in _buckets(world.place):

        def show(done: int, total: int, name: str = bucket.name) -> None:
            view.progress(name, done, total, unit)

        count = bucket.empty(show)
        show(count, count)
        rows.append((bucket.name, count))
    look_again(world)
    return Outcome({"deleted": dict(rows)})


@STEPS.check("cleanup-2")
def check_environment(world: World) -> Finding:
    """No Cloud9 environment of the lab is left."""
    expected = say("check.environment.expected")
    name = world.place.stack
    there = Environments(world.place.account).named(name)
    saw = ", ".join(name for _ in there) or say("check.environment.none")
    return Finding(not there, saw, expected, CLEANUP.step("cleanup-2").by_hand if there else "")


@STEPS.do("cleanup-2")
def do_delete_environment(world: World, view: StepView) -> Outcome:
    """Delete the lab's Cloud9 environments."""
    confirm(world.place, view)
    environments = Environments(world.place.account)
    for environment_id in environments.named(world.place.stack):
        view.line(say("do.cleanup.deleting", name=world.place.stack))
        environments.delete(environment_id)
    return Outcome()


def _present(place: Place) -> dict[str, str]:
    states = {name: Stack(place.account, name).state() for name in (place.stack, place.bootstrap)}
    return {name: state.status for name, state in states.items() if state}


@STEPS.check("cleanup-3")
def check_stacks(world: World) -> Finding:
    """The stacks can be deleted: their buckets are empty."""
    expected = say("check.stacks.expected")
    emptied = check_buckets(world)
    if not emptied.passed:
        return Finding(False, emptied.saw, expected, emptied.next)
    present = _present(world.place)
    stacks = ", ".join(f"{name} ({status})" for name, status in present.items())
    saw = stacks or say("check.stacks.none")
    return Finding(True, saw, expected, facts={"stacks": present})


@STEPS.check("cleanup-4")
def check_choice(world: World) -> Finding:
    """The gallery's stack is at rest, or gone."""
    expected = say("check.stack.at_rest", stack=world.place.stack)
    emptied = check_buckets(world)
    if not emptied.passed:
        return Finding(False, emptied.saw, expected, emptied.next)
    state = Stack(world.place.account, world.place.stack).state()
    if state is None:
        return Finding(True, say("check.stack.gone_already"), expected)
    resources = Stack(world.place.account, world.place.stack).resources()
    deleting = state.status == "DELETE_IN_PROGRESS"
    saw = say("check.stack.state", status=state.status, count=len(resources))
    return Finding(state.settled or deleting, saw, expected, say("check.stack.wait"))


@STEPS.check("cleanup-5")
def check_deleting(world: World) -> Finding:
    """The gallery's stack is being deleted, or gone."""
    state = Stack(world.place.account, world.place.stack).state()
    expected = say("check.stack.going", stack=world.place.stack)
    if state is None or state.status == "DELETE_IN_PROGRESS":
        return Finding(True, state.status if state else say("check.stack.gone"), expected)
    return Finding(False, state.status, expected, CLEANUP.step("cleanup-5").by_hand)


@STEPS.do("cleanup-5")
def do_delete(world: World, view: StepView) -> Outcome:
    """Take away what DMS has in the stack's network, then ask for the stack's deletion."""
    confirm(world.place, view)
    removal = Removal(Replication(world.place.account, world.place.stack))
    if removal.may_look():
        for thing in removal.remove():
            kind = say(f"cloud.replication.{thing.kind}")
            view.line(say("do.cleanup.deleted", kind=kind, name=thing.name))
        removal.role()
    world.place.disconnect()  # the web server goes with the stack
    view.line(say("do.cleanup.deleting_stack", stack=world.place.stack))
    Stack(world.place.account, world.place.stack).delete()
    look_again(world)
    return Outcome()


def _gone(place: Place, name: str, by_hand: str) -> Finding:
    expected = say("check.stack.none", stack=name)
    stack = Stack(place.account, name)
    state = stack.state()
    if state is None:
        return Finding(True, say("check.stack.gone"), expected)
    if state.status == "DELETE_FAILED":
        event = stack.failure()
        cause = f"{event.resource}: {event.reason}" if event else state.reason
        saw = say("check.stack.failed", cause=cause)
        return Finding(False, saw, expected, say("check.stack.mend", next=by_hand), final=True)
    coming = say("check.stack.deleting", stack=name) if state.status == "DELETE_IN_PROGRESS" else ""
    return Finding(False, state.status, expected, by_hand, coming=coming)


@STEPS.check("cleanup-6")
def check_gone(world: World) -> Finding:
    """The gallery's stack is gone."""
    return _gone(world.place, world.place.stack, CLEANUP.step("cleanup-5").by_hand)


@STEPS.do("cleanup-6")
def do_wait(world: World, view: StepView) -> Outcome:
    """Watch the stack go."""
    _watch(world, world.place.stack, view, CLEANUP.step("cleanup-6").patience)
    return Outcome()


def _watch(world: World, name: str, view: StepView, seconds: float) -> None:
    stack = Stack(world.place.account, name)
    seen: set[str] = set()
    gone: set[str] = set()
    follower = Follower(world, view)
    there = set(stack.resources()) if stack.state() else set()

    def show(count: int) -> None:
        view.progress(name, count, len(there), say("units.resources_deleted"), steady=False)

    def look() -> bool:
        state = stack.state()
        if state is None:
            show(len(there))
            return True
        try:
            events = stack.events()
        except CloudError:
            return stack.state() is None  # it went between the two questions
        for event in reversed(events):
            if event.event_id not in seen and event.status.startswith("DELETE"):
                view.event(event)
                follower.event(event, world.place.stack)
                if event.status == "DELETE_COMPLETE":
                    gone.add(event.resource)
            seen.add(event.event_id)
        show(len(gone & there))
        return state.status == "DELETE_FAILED"

    poll(look, bool, seconds=seconds)
    follower.end()


@STEPS.check("cleanup-7")
def check_bootstrap(world: World) -> Finding:
    """The bootstrap stack is gone."""
    return _gone(world.place, world.place.bootstrap, CLEANUP.step("cleanup-7").by_hand)


@STEPS.do("cleanup-7")
def do_delete_bootstrap(world: World, view: StepView) -> Outcome:
    """Delete the bootstrap stack, after the gallery's, and watch it go."""
    if not check_gone(world).passed:
        raise CloudError.still_there(world.place.stack, say("do.cleanup.bootstrap_last"))
    confirm(world.place, view)
    view.line(say("do.cleanup.deleting_stack", stack=world.place.bootstrap))
    Stack(world.place.account, world.place.bootstrap).delete()
    _watch(world, world.place.bootstrap, view, CLEANUP.step("cleanup-7").patience)
    return Outcome()


@STEPS.check("cleanup-8")
def check_nothing_left(world: World) -> Finding:
    """Nothing of the lab is in the account."""
    expected = say("check.left.expected")
    left = leftovers(world.place.account, world.place.names)
    if left:
        things = ", ".join(say("check.left.thing", kind=thing.kind, name=thing.name) for thing in left)
        saw = say("check.left.there", things=things)
        return Finding(False, saw, expected, CLEANUP.step("cleanup-8").by_hand)
    # The scan, said also where there was nothing to delete.
    scan = tuple(listed(world.place))
    return Finding(True, say("check.left.nothing"), expected, facts={"left": []}, evidence=scan)


@STEPS.do("cleanup-8")
def do_delete_rest(world: World, view: StepView) -> Outcome:
    """Delete what no stack deletes: snapshots, the repositories and the key pair."""
    place, names = world.place, world.place.names
    confirm(place, view)
    cluster = Cluster(place.account, names.cluster)
    deleted: list[tuple[str, str]] = []
    for snapshot in cluster.snapshots():
        cluster.delete_snapshot(snapshot)
        deleted.append((say("cloud.kind.cluster_snapshot"), snapshot))
    repository, key_pair = say("cloud.kind.repository"), say("cloud.kind.key_pair")
    deleted += [(repository, name) for name in delete_repositories(place.account, names)]
    deleted += [(key_pair, name) for name in delete_key_pair(place.account, names)]
    look_again(world)
    for kind, name in deleted:
        view.line(say("do.cleanup.deleted", kind=kind, name=name))
    if not deleted:
        return Outcome(parts=[note(say("do.cleanup.nothing"))])
    headings = (say("do.cleanup.heading.kind"), say("do.cleanup.heading.name"))
    return Outcome(parts=[table(deleted, headings)])

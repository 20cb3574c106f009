"""The cut-over under a load of writes: no acknowledged write lost, none doubled, killed or not.

The tests of this file run in order; each leaves the gallery on its old database.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.conftest import opened, refused
from tsalab import migrate
from tsalab.cutover import writes
from tsalab.cutover.looking import OLD, serving
from tsalab.cutover.state import WAY, Phase, Store
from tsalab.cutover.trials import Trial, measure
from tsalab.edge import RATE, Load, Met
from tsalab.lab import Lab
from tsalab.server import app, binlog, handover, mariadb
from tsalab.show import StepView
from tsalab.steps import World

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

LEAST = 200.0  # writes a second through the app
MOST = 1.0  # seconds without a write, at the median


@pytest.fixture(scope="module")
def lab(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab that is just before step 13, its code edited and not yet committed."""
    with opened(module_sandbox, tmp_path_factory.mktemp("work") / "work") as lab:
        for step in (*range(1, 13), *range(15, 24)):
            lab.perform(step)
        yield lab


def store(lab: Lab) -> Store:
    return Store(lab.place.workdir)


def nothing_is_lost(lab: Lab, load: Load, met: Met, *, moved: bool) -> None:
    """Each acknowledged write is in the database that serves, once; nobody else's hold is left."""
    world = World(lab.place)
    host = world.credentials.host if moved else OLD
    assert serving(world) == host
    assert len(met.acknowledged) > 50  # how many a second is a matter of the machine that tests share
    assert writes.proven(world.target if moved else world.source, load.prefix, met) > 0
    assert len(world.app_processes) == 1
    assert not handover.barred(world.server)
    if not moved:
        assert not binlog.held(world.server)
        assert migrate.drop_notes(world.source) == []


def back(lab: Lab, load: Load) -> None:
    if serving(World(lab.place)) != OLD:
        lab.cutover.back()
    writes.forget(World(lab.place).source, [load.prefix])


@pytest.mark.slow
def test_a_cut_over_under_load_loses_nothing_and_is_hardly_seen(lab: Lab) -> None:
    with Load(World(lab.place).site.url) as load:
        lab.cutover()
        time.sleep(0.5)
        met = load.stop()
    nothing_is_lost(lab, load, met, moved=True)
    assert met.outage("write") < 3 * MOST  # one alone, among other tests; five on their own have a median
    # What is written now comes home, too.
    with Load(World(lab.place).site.url) as more:
        lab.cutover.back()
        time.sleep(0.2)
        after = more.stop()
    nothing_is_lost(lab, more, after, moved=False)
    writes.forget(World(lab.place).source, [load.prefix, more.prefix])


def child(lab: Lab, sandbox: Any, call: str) -> subprocess.Popen[bytes]:
    """A program that opens the lab and makes one call."""
    given = f"{sandbox.name!r}, workdir={str(lab.place.workdir)!r}"
    source = f"from tsalab import Lab; lab = Lab.open({given}); {call}"
    with (lab.place.workdir / "child.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", source], env=sandbox.env, stdout=log, stderr=log, cwd=lab.place.workdir
        )


def killed_in(lab: Lab, sandbox: Any, call: str, phase: Phase) -> None:
    """Kill a program as soon as it has begun a phase."""
    before = store(lab).read().times.get(phase.value)
    process = child(lab, sandbox, call)
    deadline = time.monotonic() + 180  # tests share the machine
    try:
        while store(lab).read().times.get(phase.value) in (None, before):
            assert process.poll() is None, (lab.place.workdir / "child.log").read_text()[-2000:]
            assert time.monotonic() < deadline, phase
    finally:
        process.kill()  # SIGKILL: whatever it does just then stays half done
        process.wait()


def killed_and(lab: Lab, sandbox: Any, phase: Phase, *, resumed: bool) -> None:
    with Load(World(lab.place).site.url) as load:
        killed_in(lab, sandbox, "lab.cutover()", phase)
        if resumed:
            lab.cutover()
        else:
            lab.cutover.back()
        time.sleep(0.2)
        met = load.stop()
    nothing_is_lost(lab, load, met, moved=resumed)
    back(lab, load)


ALL = [(phase, resumed) for phase in WAY for resumed in (True, False)]


@pytest.mark.slow
@pytest.mark.parametrize(("phase", "resumed"), ALL)
def test_killed_in_every_phase(lab: Lab, module_sandbox: Any, phase: Phase, resumed: bool) -> None:
    killed_and(lab, module_sandbox, phase, resumed=resumed)


@pytest.mark.slow
@pytest.mark.parametrize("phase", [Phase.RETURN, Phase.RELEASE])
def test_killed_on_the_way_back(lab: Lab, module_sandbox: Any, phase: Phase) -> None:
    lab.cutover()
    with Load(World(lab.place).site.url) as load:
        killed_in(lab, module_sandbox, "lab.cutover.back()", phase)
        assert "on its way back" in refused(lab.cutover).what
        lab.cutover.back()
        time.sleep(0.2)
        met = load.stop()
    nothing_is_lost(lab, load, met, moved=False)
    back(lab, load)


@pytest.mark.slow
def test_the_median_outage_of_five_is_short_beside_the_original_way(lab: Lab) -> None:
    lab.perform(24, message="Use Aurora RDS")  # alone, this test has nobody before it who did
    with StepView("cutover", "five of each") as view:
        found = measure(World(lab.place), store(lab), view, 5, RATE)
    ours: list[Trial] = [trial for trial in found if trial.way == "cutover"]
    theirs: list[Trial] = [trial for trial in found if trial.way == "original"]
    rates = [trial.met.rate(until=trial.held[0]) for trial in (*ours, *theirs)]
    assert min(rates) >= LEAST, rates
    outage = statistics.median(trial.outage for trial in ours)
    assert outage <= MOST
    assert outage < statistics.median(trial.outage for trial in theirs)
    assert serving(World(lab.place)) == OLD


@pytest.mark.slow
def test_a_difference_is_seen_and_the_old_version_serves_on(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = binlog.hold

    def meddled(server: Any) -> Any:
        with migrate.connect(World(lab.place).target) as link, link.cursor() as cursor:
            cursor.execute("UPDATE categories SET name = 'meddled' WHERE id = 1")
        return hold(server)

    monkeypatch.setattr(binlog, "hold", meddled)
    assert "categories" in refused(lab.cutover).what
    monkeypatch.undo()
    world = World(lab.place)
    assert serving(world) == OLD
    assert not binlog.held(world.server)
    lab.cutover.back()
    lab.cutover()  # copies anew what differs
    assert migrate.compare(World(lab.place).source, World(lab.place).target).equal
    lab.cutover.back()


@pytest.mark.slow
def test_who_writes_past_the_app_in_the_last_moment_loses_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hold is lost, and root writes when all seems to be drained: it is seen, and drained, too."""
    take_over, late = handover.take_over, []

    def unluckily(server: Any, old: Any, at: Any, token: str) -> Any:
        if not late:
            late.append(binlog.sql(server, "INSERT INTO tsagallery.categories (name) VALUES ('late');"))
        return take_over(server, old, at, token)

    monkeypatch.setattr(handover, "take_over", unluckily)
    lab.cutover()
    assert late
    assert writes.found(World(lab.place).target, "late") == {"late": 1}
    lab.cutover.back()
    writes.forget(World(lab.place).source, ["late"])


def test_killed_in_the_switch_it_goes_on_and_confirmed_it_is_the_lab_done(
    lab: Lab, module_sandbox: Any
) -> None:
    assert "No cut-over waits" in refused(lab.cutover.confirm).what
    with Load(World(lab.place).site.url) as load:
        killed_in(lab, module_sandbox, "lab.cutover()", Phase.SWITCH)
        lab.cutover()
        time.sleep(0.2)
        met = load.stop()
    nothing_is_lost(lab, load, met, moved=True)
    writes.forget(World(lab.place).target, [load.prefix])
    lab.cutover.confirm()
    world = World(lab.place)
    assert not mariadb.service_state(world.server).active
    assert [found.number for found in lab.check() if not found.passed] == []
    assert "already" in refused(lab.cutover).what
    assert "No cut-over is under way" in refused(lab.cutover.back).what
    assert app.changed(world.server) is False

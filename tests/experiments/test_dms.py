"""DMS as a notebook uses it, on a lab that has just been done."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.conftest import opened
from tsalab.cloud.inventory import leftovers
from tsalab.errors import TsalabError
from tsalab.lab import Lab
from tsalab.sandbox import manager
from tsalab.server import mariadb
from tsalab.steps import World


@pytest.fixture(scope="module")
def lab(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with opened(module_sandbox, tmp_path_factory.mktemp("work"), method="copy", confirm="yes") as lab:
        for step in range(1, 15):
            lab.perform(step)
        yield lab


def refused(call: Callable[[], None]) -> str:
    with pytest.raises(TsalabError) as caught:
        call()
    return str(caught.value)


def names(lab: Lab) -> set[str]:
    return {thing.name for thing in leftovers(lab.place.account, lab.place.names)}


def test_the_gallery_moves_by_dms_while_it_is_written_to(lab: Lab, shown: list[str]) -> None:
    assert "no task" in refused(lab.dms.state)
    assert "lab.dms.make()" in refused(lab.dms.test)
    World(lab.place).server.run("systemctl stop mariadb", root=True)  # as after the lab
    lab.dms.make()
    for kind in ("DMS replication instance", "DMS endpoint", "DMS subnet group"):
        assert kind in shown[-1]
    assert "0.08 USD an hour" in shown[-1]
    lab.dms.make()  # again is harmless
    assert {"tsagallery-dms", "tsagallery-dms-source", "tsagallery-dms-target"} <= names(lab)
    lab.dms.test()
    assert len(re.findall("successful", shown[-1])) == 2, shown[-1]
    assert '"sideways"' in refused(lambda: lab.dms.start("sideways"))
    lab.dms.start()
    lab.dms.watch(seconds=1.5)
    assert re.search(r"images +Table completed +6 +0 +0 +0", shown[-1]), shown[-1]
    counted = re.search(r"dms_trial +Table completed +\d+ +(\d+) +(\d+) +(\d+)", shown[-1])
    assert counted, shown[-1]
    assert all(int(number) > 0 for number in counted.groups())
    assert "rows were written meanwhile" in shown[-1]
    assert "equal" in shown[-1]
    lab.dms.stop()
    assert "Stop Reason NORMAL" in shown[-1]
    lab.dms.state()
    lab.dms.start()
    lab.dms.watch(seconds=0.5)


@pytest.mark.slow  # a worker that is killed is in the default run (tests/sandbox/control/dms)
def test_the_task_goes_on_after_the_sandbox_was_killed(
    lab: Lab, shown: list[str], module_sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSALAB_HOME", str(module_sandbox.home))
    lab.dms.start()
    os.kill(module_sandbox.folder.read_facts()["pid"], signal.SIGKILL)
    lab.place.disconnect()
    manager.up(module_sandbox.name)
    lab.dms.watch(seconds=0.5)
    assert "running" in shown[-1]
    assert "equal" in shown[-1]
    lab.place.disconnect()
    manager.down(module_sandbox.name)
    manager.up(module_sandbox.name)
    lab.dms.watch(seconds=0.5)
    assert "equal" in shown[-1]


def test_all_of_it_goes_again(lab: Lab, shown: list[str]) -> None:
    lab.dms.remove()
    assert "remove(yes=True)" in shown[-1]
    assert "tsagallery-dms" in names(lab)
    lab.dms.remove(yes=True)
    assert "DMS task" in shown[-1]
    assert not any("dms" in name for name in names(lab))
    world = World(lab.place)
    assert mariadb.service_state(world.server).active
    with pytest.raises(Exception, match="NoSuchEntity"):
        lab.place.account.client("iam").get_role(RoleName="dms-vpc-role")
    lab.dms.remove(yes=True)
    assert "nothing" in shown[-1]


def test_the_clean_up_takes_it_away_before_the_stack(lab: Lab, shown: list[str]) -> None:
    lab.dms.make()
    lab.perform("cleanup-1")
    lab.perform("cleanup-5", patience=0)
    assert not any("dms" in name for name in names(lab))

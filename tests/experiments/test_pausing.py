"""The gallery and a cluster that pauses: the real app, a real database, visitors through CloudFront.

What a notebook does with them is in the journey of `tests/journeys/test_notebook.py`, in a tenth
of the time. Here it takes as long as clients and remedies really wait.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.faults.conftest import opened
from tsalab.clock import Clock
from tsalab.edge.site import ADMIN
from tsalab.errors import ExperimentError
from tsalab.experiments import awakening, remedies
from tsalab.experiments.awakening import Measured, Scene
from tsalab.lab import Lab
from tsalab.server import app, stand_in
from tsalab.show import StepView
from tsalab.steps import World

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with opened(module_sandbox, tmp_path_factory.mktemp("work"), method="copy") as lab:
        for step in range(1, 31):
            lab.perform(step)
        yield lab


@pytest.fixture
def without_clock(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on AWS: the profile names no clock."""
    monkeypatch.delitem(lab.place.account._settings, "tsalab_clock")


def kept(lab: Lab) -> dict[str, Measured]:
    told = json.loads((lab.place.workdir / ".tsalab" / "pauses.json").read_text())
    return {way: Measured.of_json(each) for way, each in told.items()}


def the_labs_own_app_runs(lab: Lab) -> None:
    world = World(lab.place)
    (process,) = world.app_processes
    started = app.started(world.server, process)
    assert started.folder == started.wanted
    assert world.server.run(f'ls -d "{stand_in.FOLDER}"', root=True, check=False).status != 0
    assert [finding.passed for finding in lab.check([28, 30])] == [True, True]


def test_without_a_clock_it_says_how_long_it_would_take(
    lab: Lab, shown: list[str], without_clock: None
) -> None:
    with pytest.raises(ExperimentError, match=r"about 10\.0 hours"):
        lab.pause.impatient()
    with pytest.raises(ExperimentError, match=r"about 24\.0 hours") as caught:
        lab.pause.remedies()
    assert "wait=True" in caught.value.next_step


def test_nothing_measured_costs_nothing_yet(lab: Lab, shown: list[str]) -> None:
    with pytest.raises(ExperimentError, match="nothing to make an estimate of"):
        lab.pause.cost()


@pytest.mark.timeout(300)
def test_the_lab_as_it_is_fails_a_visitor_after_twice_ten_seconds(
    lab: Lab, module_sandbox: Any, shown: list[str], without_clock: None
) -> None:
    """Nothing is shortened: the lab's own app and every client with its own patience; only the night is."""
    clock = Clock(module_sandbox.folder.path("clock.json"))
    with clock.borrowed():
        clock.set(rate=awakening.FAST, resume_seconds=awakening.SLEPT_LONG)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Scene, "period", 1)  # a minute of AWS is a fraction of a second here
            lab.pause.impatient(wait=True)
    visit = kept(lab)[remedies.AS_WRITTEN].waited
    assert (visit.ok, visit.status) == (False, 503)
    assert 20 <= visit.seconds < awakening.SLEPT_LONG
    for client in ("the npm driver mysql", "PyMySQL"):
        (line,) = [line for line in shown[-1].splitlines() if line.startswith(client)]
        assert " 10.0 s" in line
        assert not line.endswith("served")
    assert clock.times.rate == 1
    the_labs_own_app_runs(lab)


@pytest.mark.timeout(300)
def test_each_remedy_is_served_and_a_second_run_just_works(lab: Lab, shown: list[str]) -> None:
    (lab.place.workdir / ".tsalab" / "pauses.json").unlink(missing_ok=True)  # measured by another clock
    for _ in range(2):
        lab.pause.remedies()
        found = kept(lab)
        assert list(found) == list(remedies.WAYS)
        assert not found[remedies.AS_WRITTEN].waited.ok
        for way in remedies.REMEDIES:
            assert found[way].waited.ok, way
        # What holds no connection sleeps hours sooner.
        for way in (remedies.LETS_GO, remedies.DATA_API):
            assert found[way].awake_hours + 4 < found[remedies.PATIENT].awake_hours
        the_labs_own_app_runs(lab)
    assert "AskTheDataApi" not in world_policies(lab)
    lab.pause.cost()
    assert "if it never paused" in shown[-1]
    dollars = [int(line.split()[-1]) for line in shown[-1].splitlines() if line.rstrip()[-1:].isdigit()]
    assert dollars[remedies.WAYS.index(remedies.DATA_API)] < dollars[0] < dollars[-1]


def world_policies(lab: Lab) -> str:
    world = World(lab.place)
    return str(lab.place.account.client("iam").list_role_policies(RoleName=world.role)["PolicyNames"])


@pytest.mark.timeout(120)
def test_whoever_stops_it_finds_the_lab_as_it_was(
    lab: Lab, module_sandbox: Any, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Scene, *_: object) -> Measured:
        assert World(lab.place).server.run(f'ls -d "{stand_in.FOLDER}"', root=True).status == 0
        raise KeyboardInterrupt

    before = Clock(module_sandbox.folder.path("clock.json")).times
    monkeypatch.setattr(Scene, "through", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lab.pause.remedies()
    assert Clock(module_sandbox.folder.path("clock.json")).times == before
    World(lab.place).site.verify(patience=30)
    the_labs_own_app_runs(lab)
    assert "AskTheDataApi" not in world_policies(lab)


@pytest.mark.timeout(120)
def test_the_whole_gallery_works_by_the_data_api(
    lab: Lab, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def used(self: Scene, way: remedies.Way, *_: object) -> Measured:
        use(self.world.site.url)
        return Measured(way.name, 0.0)

    monkeypatch.setattr(Scene, "through", used)
    with StepView("gallery", "The gallery") as view, lab.pause._scene(view) as scene:
        (measured,) = lab.pause._go(scene, [remedies.DATA_API])
    assert measured.way == remedies.DATA_API


def use(url: str) -> None:
    """What a guest and the administrator do."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as visitor:
        names = [item["name"] for item in visitor.get("api/categories").json()["items"]]
        photos = visitor.get("api/images", params={"q": "Lake"}).json()["items"]
        assert photos[0]["title"] == "Lake at dawn"
        assert photos[0]["tags"]
        login = {"username": ADMIN[0], "password": ADMIN[1]}
        cookie = visitor.post("api/login", json=login).headers["set-cookie"].partition(";")[0]
        admin = {"Cookie": cookie}
        told = {"name": "'; DROP TABLE images; -- ?", "description": ":p0"}
        made = visitor.post("api/categories", json=told, headers=admin)
        assert (made.status_code, made.json()["name"]) == (201, told["name"])
        again = visitor.post("api/categories", json=told, headers=admin)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
        gone = visitor.delete(f"api/categories/{made.json()['id']}", headers=admin)
        assert gone.json() == {"deleted": made.json()["id"]}
        changed = visitor.put(f"api/images/{photos[0]['id']}", json={"tags": ["a", "b"]}, headers=admin)
        assert changed.json()["tags"] == ["a", "b"], changed.text
        back = {"tags": photos[0]["tags"]}
        assert visitor.put(f"api/images/{photos[0]['id']}", json=back, headers=admin).json()["tags"]
        assert [item["name"] for item in visitor.get("api/categories?x").json()["items"]] == names

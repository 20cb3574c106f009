"""The pre-flight: everything is well on a sandbox, and each thing that is amiss has one fix."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber
from click.testing import CliRunner

from tests.faults.conftest import opened
from tests.show.sanitizer import sanitized
from tsalab import preflight, profiles
from tsalab.cli import app
from tsalab.cloud import git, working_copy
from tsalab.cloud.account import Account
from tsalab.cloud.bucket import Bucket
from tsalab.cloud.engines import offered
from tsalab.cloud.inventory import Names
from tsalab.lab import Lab
from tsalab.preflight import Finding, machine
from tsalab.preflight import account as checks
from tsalab.profiles import Profile
from tsalab.show import StepView
from tsalab.steps import Place, World
from tsalab.steps.variants import ENGINES
from tsalab.template import Template, fragments

NAMES = [
    "python",
    "git",
    "ssh",
    "workdir",
    "identity",
    "bootstrap",
    "gallery",
    "codecommit",
    "engine",
    "login",
]


def silent(_label: str, _word: str) -> None:
    """Nobody is told."""


def look(place: Place) -> dict[str, Finding]:
    """Look at the account; what fails must say how to mend it, and what is well needs no mending."""
    found = preflight.of_account(place, silent)
    assert all(bool(finding.fix) != finding.ok for finding in found)
    return {finding.name: finding for finding in found}


def amiss(place: Place) -> dict[str, Finding]:
    return {name: finding for name, finding in look(place).items() if not finding.ok}


@pytest.fixture
def lab(sandbox: Any, tmp_path: Path) -> Iterator[Lab]:
    with opened(sandbox, tmp_path / "work") as lab:
        yield lab


@pytest.fixture
def place(lab: Lab) -> Place:
    return lab.place


def test_all_is_well_where_lab_4_begins(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, Any]] = []
    publish = StepView._publish
    monkeypatch.setattr(
        StepView, "_publish", lambda self, data: shown.append(data) or publish(self, data)
    )  # fmt: skip
    assert lab.preflight() is None
    text, html = shown[-1]["text/plain"], shown[-1]["text/html"]
    assert text.splitlines()[:2] == ["Pre-flight", "The lab can begin."]
    assert text.count("✓\N{NO-BREAK SPACE}ok") == len(NAMES)
    assert "amiss" not in text
    assert "mends" not in text  # there is nothing to mend
    assert text.count("Bootstrap stack") == 1  # the live view's stages do not stay beside it
    assert lab.place.pipeline.source.bucket in text
    sanitized(html)
    secret = lab.place.account.core.get_credentials().secret_key
    assert secret not in text + html
    assert lab.journal.records == ()
    assert not lab.place.workdir.exists()


def test_the_doctor_goes_through_the_same_list(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_HOME", str(sandbox.home))
    done = CliRunner().invoke(app, ["doctor", "--json", "--profile", sandbox.name])
    found = json.loads(done.stdout)
    names = [finding["name"] for finding in found]
    assert [name for name in names if name in NAMES] == NAMES
    assert [finding for finding in found if not finding["ok"]] == []
    assert done.exit_code == 0
    assert len(set(names)) == len(names)


def test_the_doctor_starts_no_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    (tmp_path / "sandboxes" / "resting" / "aws").mkdir(parents=True)
    started: list[str] = []
    monkeypatch.setattr(profiles, "start_sandbox", lambda name, _: started.append(name))
    done = CliRunner().invoke(app, ["doctor", "--json", "--profile", "resting"])
    (told,) = [finding for finding in json.loads(done.stdout) if finding["name"] == "identity"]
    assert told["ok"]
    assert "resting is not running" in told["saw"]
    assert started == []


def test_what_takes_long_is_looked_at_side_by_side(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=20)

    def waits_for_the_other(_: Place) -> Finding:
        both.wait()
        return Finding("engine", True, "both were there")

    two = dict.fromkeys(("codecommit", "engine"), (waits_for_the_other, ""))
    monkeypatch.setattr(checks, "_CHECKS", two)
    assert [finding.saw for finding in preflight.of_account(place, silent)[1:]] == ["both were there"] * 2


def test_each_check_tells_how_far_it_is(place: Place) -> None:
    told: list[tuple[str, str]] = []
    found = preflight.of_account(place, lambda label, word: told.append((label, word)))
    for finding in found:
        assert [word for label, word in told if label == finding.label] == ["running", "ok"]


# --- each thing that can be amiss, and its fix --------------------------------------------


def test_wrong_credentials(place: Place, tmp_path: Path) -> None:
    wrong = tmp_path / "credentials"
    wrong.write_text(
        f"[{place.account.profile.name}]\naws_access_key_id = AKIAX\naws_secret_access_key = no\n"
    )
    config = Path(os.environ["AWS_CONFIG_FILE"])
    stranger = Place(Account(Profile(place.account.profile.name, config, wrong)), place.workdir)
    found = amiss(stranger)
    assert set(found) == {"identity"}
    assert len(look(stranger)) == 1  # nothing else could be read


def test_no_bootstrap_stack(place: Place) -> None:
    found = amiss(replace(place, asked=Names(stacks=("TSAGallery", "TSA-Nothing"))))
    assert "no bootstrap stack TSA-Nothing" in found["bootstrap"].saw
    assert "list-stacks" in found["bootstrap"].fix
    for name, first in (("gallery", "Bootstrap stack"), ("login", "Gallery's stack")):
        assert found[name].saw == "It was not looked at."
        assert found[name].fix == f"Mend this first: {first}."
    assert set(found) == {"bootstrap", "gallery", "login"}


def test_a_bucket_that_keeps_no_versions(place: Place) -> None:
    bucket = place.pipeline.source.bucket
    s3 = place.account.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    try:
        found = amiss(place)["bootstrap"]
    finally:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert "does not keep versions" in found.saw
    assert f"aws s3api put-bucket-versioning --bucket {bucket} " in found.fix


def test_no_bucket(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bucket, "exists", lambda _: False)
    found = amiss(place)["bootstrap"]
    assert "which does not exist" in found.saw
    assert "bootstrap stack of lab 1" in found.fix


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        ("UPDATE_IN_PROGRESS", "Wait until it is done"),
        ("UPDATE_ROLLBACK_FAILED", "describe-stack-events --stack-name TSAGallery"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name TSAGallery"),
        ("ROLLBACK_COMPLETE", "describe-stack-events --stack-name TSAGallery"),
        ("ROLLBACK_COMPLETE", "delete-stack --stack-name TSAGallery, then deploy it again"),
        ("REVIEW_IN_PROGRESS", "delete-stack --stack-name TSAGallery, then deploy it again"),
        ("DELETE_FAILED", "delete-stack --stack-name TSAGallery, then deploy it again"),
        ("UPDATE_FAILED", "and deploy it again"),
    ],
)
def test_a_stack_that_cannot_be_updated(
    place: Place, monkeypatch: pytest.MonkeyPatch, status: str, fix: str
) -> None:
    state = replace(World(place).stack_state, status=status)
    monkeypatch.setattr(World, "stack_state", state)
    found = amiss(place)["gallery"]
    assert status in found.saw
    assert fix in found.fix


def test_an_update_that_was_taken_back_is_no_obstacle(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    state = replace(World(place).stack_state, status="UPDATE_ROLLBACK_COMPLETE")
    monkeypatch.setattr(World, "stack_state", state)
    assert amiss(place) == {}


def test_a_stack_that_lacks_what_the_lab_needs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    have = {name: value for name, value in World(place).resources.items() if name != "PrivateSubnetB"}
    monkeypatch.setattr(World, "resources", have)
    found = amiss(place)["gallery"]
    assert "lacks: PrivateSubnetB" in found.saw
    assert f"s3://{place.pipeline.source.bucket}/{place.pipeline.source.key}" in found.fix


def test_no_repository(place: Place) -> None:
    found = amiss(replace(place, asked=Names(repositories=("Nothing", "TSAGallery-SPA"))))
    assert set(found) == {"codecommit"}
    assert "Nothing" in found["codecommit"].saw
    assert found["codecommit"].fix == "Check that lab 3's CodeCommit repositories still exist."


def test_git_may_not_read_the_repository(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def badly_signed(*given: Any) -> tuple[list[str], dict[str, str]]:
        return git.signed(*given)[0], {"TSALAB_GIT_USER": "nobody", "TSALAB_GIT_PASSWORD": "wrong"}

    monkeypatch.setattr(working_copy, "signed", badly_signed)
    found = amiss(place)
    assert set(found) == {"codecommit"}
    assert "git ls-remote" in found["codecommit"].saw


def test_rds_no_longer_makes_such_clusters(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "offered", lambda *_: [])
    found = amiss(place)
    assert set(found) == {"engine"}
    assert "ended Aurora Serverless v1" in found["engine"].saw
    assert "step 9 would fail" in found["engine"].saw
    assert 'variant = "current"' in found["engine"].fix


def test_the_web_server_does_not_answer(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "ssh_config"
    config.write_text("Host *\n  HostName 127.0.0.1\n  Port 1\n")
    monkeypatch.setattr(Account, "ssh_config", config)
    found = amiss(place)
    assert set(found) == {"login"}
    assert found["login"].fix


@pytest.mark.parametrize("variant", ENGINES)
def test_rds_is_asked_for_what_the_template_asks_for(variant: str) -> None:
    engine, mode = ENGINES[variant]
    cluster = Template("Resources:\n" + fragments.text("database-cluster", variant)).text
    assert f"Engine: {engine}\n" in cluster
    # Nothing said means the ordinary mode.
    assert ("EngineMode:" not in cluster) if mode == "provisioned" else (f"EngineMode: {mode}\n" in cluster)


@pytest.mark.parametrize("gone", ["an empty list", "an error"])
def test_an_engine_that_rds_does_not_know(place: Place, gone: str) -> None:
    with Stubber(place.account.client("rds")) as stub:
        if gone == "an error":
            stub.add_client_error("describe_db_engine_versions", "InvalidParameterValue", "Invalid DB engine")
        else:
            rows = [
                {"EngineVersion": "8.0", "SupportedEngineModes": ["provisioned"]},
                {"EngineVersion": "5.7"},
            ]
            stub.add_response("describe_db_engine_versions", {"DBEngineVersions": rows})
        assert offered(place.account, "aurora", "serverless") == []


# --- this machine ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["git", "ssh"])
def test_a_program_that_is_missing(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = preflight.of_machine(tmp_path)[name]()
    assert not found.ok
    assert "is missing" in found.saw
    assert "install" in found.fix


def test_a_program_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    found = preflight.of_machine(tmp_path)["git"]()
    assert (found.ok, "does not answer" in found.saw) == (False, True)
    assert found.fix.startswith("install it again: ")


def test_a_folder_that_cannot_be_written() -> None:
    found = preflight.of_machine(Path("/proc/1/nowhere"))["workdir"]()
    assert not found.ok
    assert found.fix == "Make it writable, or give workdir a folder of yours."


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    found = machine.folder_for_work(tmp_path / "work", lambda _: 1000)
    assert not found.ok
    assert "0.0 GB free" in found.saw
    assert found.fix.startswith("Free 100 MB")
    assert not (tmp_path / "work").exists()


def test_what_is_amiss_is_counted_and_marked_by_word_and_icon(tmp_path: Path) -> None:
    found = [
        Finding("python", True, "3.11.7"),
        Finding("git", False, "git is missing", "install it"),
        Finding("ssh", False, "ssh is missing", "install that"),
    ]
    part: Callable[[int], str] = lambda count: preflight_text(found[: count + 1])  # noqa: E731
    assert "The lab can begin." in part(0)
    assert "One thing is amiss." in part(1)
    assert "2 things are amiss." in part(2)
    (row,) = [line for line in part(1).splitlines() if "git is missing" in line]
    assert row.startswith("✗\N{NO-BREAK SPACE}amiss  git")
    assert row.endswith("install it")


def preflight_text(found: list[Finding]) -> str:
    from tsalab.preflight.page import parts

    return "\n".join(part.text for part in parts(found))

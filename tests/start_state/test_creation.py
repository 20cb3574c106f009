"""The starting state's parts against a small account held in memory.

The whole of it runs for real in the sandbox's tests.
"""

from __future__ import annotations

import pytest

from tsalab import start_state
from tsalab.cloud.inventory import Names
from tsalab.errors import CloudError
from tsalab.start_state import serving, stacks
from tsalab.template import read_package


def told(cloud, tmp_path, **options):
    events: list[tuple[str, str]] = []
    state = start_state.create(
        cloud,
        key_file=tmp_path / "k" / "TSAGallery.pem",
        patience=options.pop("patience", 5),
        on_event=lambda *event: events.append(event),
        **options,
    )
    return state, events


def test_everything_is_created_and_told(cloud, tmp_path, site):
    state, events = told(cloud, tmp_path, ssh_location="192.0.2.1/32")
    assert state == start_state.StartState("data", "TSAGallery", site.url, tmp_path / "k" / "TSAGallery.pem")
    assert cloud.parameters == {
        "KeyName": "TSAGallery",
        "ChildStackName": "TSAGallery",
        "DataBucketName": "tsagallery-data-123456789012-eu-west-1",
        "SSHLocation": "192.0.2.1/32",
    }
    assert "WebServer:" in read_package(cloud.objects["cloudformation/infra.yml.zip"])
    assert len([key for key in cloud.objects if key.startswith("images/uploads/")]) >= 6
    assert {name for name, _ in events} == {
        "key pair", "photos", "repository", "single-page app", "site", "stack", "template",
    }  # fmt: skip
    assert (tmp_path / "k" / "TSAGallery.pem").stat().st_mode & 0o777 == 0o600


def test_again_changes_nothing(cloud, tmp_path):
    told(cloud, tmp_path)
    before = dict(cloud.objects)
    cloud.objects["cloudformation/infra.yml.zip"] = before["cloudformation/infra.yml.zip"] = b"lab 4's"
    _, events = told(cloud, tmp_path)
    assert cloud.objects == before
    assert cloud.made == ["TSAGallery"]
    assert ("stack", "TSAGallery is there") in events
    assert ("repository", "TSAGallery-API is there") in events


def test_a_stack_that_fails_says_why(cloud, tmp_path):
    cloud.deployed, cloud.execution = "ROLLBACK_COMPLETE", "Failed"
    cloud.fail("WebServer", "no such image")
    with pytest.raises(CloudError, match="The stack TSAGallery ended as ROLLBACK_COMPLETE") as caught:
        told(cloud, tmp_path)
    assert caught.value.why == "WebServer: no such image"
    with pytest.raises(CloudError, match="ended as ROLLBACK_COMPLETE"):  # and again, found that way
        told(cloud, tmp_path)


def test_a_pipeline_that_fails_says_why(cloud, tmp_path):
    cloud.deployed, cloud.execution = "", "Failed"
    with pytest.raises(CloudError, match="The pipeline Boot-Pipeline failed") as caught:
        told(cloud, tmp_path)
    assert caught.value.why == "the template is wrong"


def test_a_pipeline_that_does_not_notice_is_started(cloud, tmp_path, monkeypatch):
    monkeypatch.setattr(stacks, "NOTICED", 0.05)
    monkeypatch.setattr(serving, "NOTICED", 0.05)
    cloud.notices = False
    cloud.runs = {}
    told(cloud, tmp_path)
    assert cloud.started == ["Boot-Pipeline", "SPA"]


@pytest.mark.parametrize(
    ("status", "why", "way"),
    [
        ("REVIEW_IN_PROGRESS", "A change set was made for it and never carried out", "delete-stack"),
        ("UPDATE_ROLLBACK_FAILED", "WebServer: no such image", "continue-update-rollback --stack-name"),
        ("DELETE_FAILED", "WebServer: no such image", "--retain-resources"),
    ],
)
@pytest.mark.parametrize("name", Names.stacks)
def test_a_stack_that_nobody_can_go_on_with(cloud, tmp_path, name, status, why, way):
    told(cloud, tmp_path)
    cloud.put_stack(name, status)
    if status != "REVIEW_IN_PROGRESS":
        cloud.fail("WebServer", "no such image")
    with pytest.raises(CloudError, match=f"The stack {name} ended as {status}") as caught:
        told(cloud, tmp_path)  # at once: nothing is under way
    assert why in caught.value.why
    assert way in caught.value.next_step
    assert name in caught.value.next_step


@pytest.mark.parametrize("name", Names.stacks)
def test_a_stack_that_is_being_deleted_is_made_anew(cloud, tmp_path, monkeypatch, name):
    told(cloud, tmp_path)
    cloud.put_stack(name, "DELETE_IN_PROGRESS")
    api, asked = cloud.client("cloudformation"), []
    describe = api.describe_stacks

    def later(StackName):  # noqa: N803 - boto3's own spelling
        if StackName == name:
            asked.append(StackName)
            if len(asked) == 4:
                del cloud.stacks[name]
        return describe(StackName)

    monkeypatch.setattr(api, "describe_stacks", later)
    told(cloud, tmp_path)
    assert cloud.stacks[name]["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("name", Names.stacks)
def test_a_deletion_that_does_not_end_is_told(cloud, tmp_path, name):
    told(cloud, tmp_path)
    cloud.put_stack(name, "DELETE_IN_PROGRESS")
    with pytest.raises(CloudError, match=f"The stack {name} took longer") as caught:
        told(cloud, tmp_path, patience=0.1)
    assert "DELETE_IN_PROGRESS" in caught.value.why


@pytest.mark.parametrize("status", ["Superseded", "Stopped", "Cancelled"])
def test_a_run_that_somebody_overtook_is_told_at_once(cloud, tmp_path, status):
    cloud.deployed, cloud.execution = "", status
    with pytest.raises(CloudError, match="The pipeline Boot-Pipeline failed") as caught:
        told(cloud, tmp_path)
    assert f"ended as {status}" in caught.value.why


@pytest.mark.parametrize(
    ("deployed", "last"), [("", "there is no such stack"), ("CREATE_IN_PROGRESS", "CREATE_IN")]
)
def test_a_stack_that_never_comes_is_given_up(cloud, tmp_path, deployed, last):
    cloud.deployed, cloud.execution = deployed, "InProgress"
    with pytest.raises(CloudError, match="The stack TSAGallery took longer") as caught:
        told(cloud, tmp_path, patience=0.2)
    assert last in caught.value.why


def test_a_site_that_does_not_answer_is_given_up(cloud, tmp_path, site):
    site.answers["/api/health"] = 502
    with pytest.raises(CloudError, match=r"/api/health took longer") as caught:
        told(cloud, tmp_path, patience=0.2)
    assert "502" in caught.value.why
    cloud.url = "http://127.0.0.1:9"
    assert "ConnectionRefusedError" in serving._status(cloud.url, "/")


def test_an_app_that_is_not_delivered_is_told(cloud, tmp_path):
    cloud.runs["SPA"] = [{"pipelineExecutionId": "1", "status": "Failed"}]
    with pytest.raises(CloudError, match="The pipeline SPA failed"):
        told(cloud, tmp_path)
    cloud.runs["SPA"] = [{"pipelineExecutionId": "1", "status": "InProgress"}]
    with pytest.raises(CloudError, match="The pipeline SPA took longer"):
        told(cloud, tmp_path, patience=0.2)

"""Cloud9 environments: records with an honest life."""

from __future__ import annotations

import json

import pytest
from code_plane import refusal, until


@pytest.fixture(scope="module")
def api(plane):
    return plane.client("cloud9")


@pytest.fixture
def environment(api):
    key = api.create_environment_ec2(
        name="TSAGallery",
        description="the lab's",
        instanceType="t3.small",
        imageId="amazonlinux-2023-x86_64",
        clientRequestToken="once",
        tags=[{"Key": "a", "Value": "1"}],
    )["environmentId"]
    yield key
    if key in api.list_environments()["environmentIds"]:
        api.delete_environment(environmentId=key)


def test_an_environment_lives_and_is_gone(api, plane, environment):
    shown = api.describe_environments(environmentIds=[environment, "0" * 32])["environments"]
    assert len(shown) == 1
    assert shown[0]["name"] == "TSAGallery"
    assert shown[0]["lifecycle"]["status"] == "CREATED"
    assert shown[0]["ownerArn"] == f"arn:aws:iam::{plane.account}:user/learner"
    assert api.describe_environment_status(environmentId=environment)["status"] == "ready"
    api.update_environment(environmentId=environment, name="New", description="words")
    assert api.describe_environments(environmentIds=[environment])["environments"][0]["name"] == "New"
    api.delete_environment(environmentId=environment)
    assert environment not in api.list_environments()["environmentIds"]
    for call in (api.delete_environment, api.describe_environment_status, api.update_environment):
        assert refusal(call, environmentId=environment)[0] == "NotFoundException"
    assert refusal(api.describe_environment_status, environmentId="odd")[0] == "BadRequestException"


def test_the_same_request_twice_is_one_environment(api, environment):
    facts = {"instanceType": "t3.small", "imageId": "amazonlinux-2023-x86_64"}
    again = api.create_environment_ec2(name="TSAGallery", clientRequestToken="once", **facts)
    assert again["environmentId"] == environment
    assert refusal(api.create_environment_ec2, name="TSAGallery", **facts)[0] == "ConflictException"


def test_pages_tags_and_members(api, plane, environment):
    other = api.create_environment_ec2(name="Other", instanceType="t3.small", imageId="x")["environmentId"]
    page = api.list_environments(maxResults=1)
    rest = api.list_environments(nextToken=page["nextToken"])
    assert page["environmentIds"] + rest["environmentIds"] == [environment, other]
    assert refusal(api.list_environments, nextToken="x")[0] == "BadRequestException"
    api.delete_environment(environmentId=other)
    arn = f"arn:aws:cloud9:us-east-1:{plane.account}:environment:{environment}"
    api.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    api.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert api.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    members = api.describe_environment_memberships(environmentId=environment)["memberships"]
    assert [one["permissions"] for one in members] == ["owner"]
    assert api.describe_environment_memberships(permissions=["read-only"])["memberships"] == []
    assert refusal(
        api.delete_environment_membership, environmentId=environment, userArn="arn:aws:iam::1:user/x"
    )[0] in {"NotImplementedException", "ParamValidationError"}


def test_a_stack_holds_an_environment(api, plane):
    cloudformation = plane.client("cloudformation")

    def template(**properties):
        facts = {"InstanceType": "t3.small", "ImageId": "x", **properties}
        resource = {"Type": "AWS::Cloud9::EnvironmentEC2", "Properties": facts}
        outputs = {"Key": {"Value": {"Ref": "E"}}, "Name": {"Value": {"Fn::GetAtt": ["E", "Name"]}}}
        return json.dumps({"Resources": {"E": resource}, "Outputs": outputs})

    def settled(name):
        def look():
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

        return until(look)

    def key():
        return {row["OutputKey"]: row["OutputValue"] for row in settled("c9")["Outputs"]}["Key"]

    stack_id = cloudformation.create_stack(StackName="c9", TemplateBody=template())["StackId"]
    first = key()
    assert api.describe_environments(environmentIds=[first])["environments"][0]["name"] == "c9-E"
    cloudformation.update_stack(StackName="c9", TemplateBody=template(Name="Mine", Description="d"))
    assert settled("c9")["StackStatus"] == "UPDATE_COMPLETE"
    assert key() == first
    cloudformation.update_stack(StackName="c9", TemplateBody=template(Name="Yours", InstanceType="t3.large"))
    assert settled("c9")["StackStatus"] == "UPDATE_COMPLETE"
    assert key() != first
    until(lambda: first not in api.list_environments()["environmentIds"])
    for name, properties in {
        "taken": {"Name": "Yours"},
        "files": {"Repositories": [{"PathComponent": "/a"}]},
    }.items():
        cloudformation.create_stack(StackName=name, TemplateBody=template(**properties))
        assert settled(name)["StackStatus"] == "ROLLBACK_COMPLETE"
    cloudformation.delete_stack(StackName=stack_id)
    assert settled(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert api.list_environments()["environmentIds"] == []

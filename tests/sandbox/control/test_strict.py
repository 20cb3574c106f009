"""What AWS refuses is refused here."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

BUCKET = {"Bucket": {"Type": "AWS::S3::Bucket"}}


def refused(stacks, resources, **more):
    with pytest.raises(ClientError) as caught:
        stacks.create(resources, **more)
    return caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    "value", [{"Ref": "Nothing"}, {"Fn::GetAtt": ["Nothing", "Arn"]}, {"Fn::Sub": "x-${Nothing}"}]
)
def test_an_undefined_reference(stacks, value):
    said = refused(stacks, {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": value}}})
    assert "Unresolved resource dependencies [Nothing] in the Resources block" in said


def test_an_undefined_dependency(stacks):
    said = refused(stacks, {"B": {"Type": "AWS::S3::Bucket", "DependsOn": "Nothing"}})
    assert "[Nothing]" in said


def test_an_undefined_reference_in_outputs(stacks):
    said = refused(stacks, BUCKET, outputs={"X": {"Value": {"Ref": "Nothing"}}})
    assert "[Nothing] in the Outputs block" in said


def test_an_unknown_parameter(stacks):
    said = refused(stacks, BUCKET, Parameters=[{"ParameterKey": "Size", "ParameterValue": "1"}])
    assert said == "Parameters: [Size] do not exist in the template"


def test_a_key_pair_that_does_not_exist(stacks):
    said = refused(
        stacks,
        BUCKET,
        parameters={"KeyName": {"Type": "AWS::EC2::KeyPair::KeyName"}},
        Parameters=[{"ParameterKey": "KeyName", "ParameterValue": "nobody"}],
    )
    assert "parameter value nobody for parameter name KeyName does not exist" in said


@pytest.mark.parametrize("given", [[], ["CAPABILITY_IAM"]])
def test_a_missing_capability(stacks, given):
    policy = {"Version": "2012-10-17", "Statement": []}
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"RoleName": "named", "AssumeRolePolicyDocument": policy},
    }
    assert "CAPABILITY_NAMED_IAM" in refused(stacks, {"Role": role}, Capabilities=given)


@pytest.mark.parametrize("kind", ["AWS::RDS::DBParameterGroup", "AWS::ECS::Cluster", "AWS::Lambda::Function"])
def test_a_type_that_nothing_stands_behind(stacks, kind):
    assert f"does not do these resource types: [{kind}]" in refused(stacks, {"X": {"Type": kind}})


def test_a_type_that_does_not_exist(stacks):
    assert "Unrecognized resource types: [AWS::S3::Bukket]" in refused(
        stacks, {"X": {"Type": "AWS::S3::Bukket"}}
    )


@pytest.mark.parametrize("resources", [{}, {"X": {}}, {"X": "text"}])
def test_a_malformed_template(stacks, resources):
    assert "Template format error" in refused(stacks, resources)


def test_broken_yaml_is_told_with_its_place(clients):
    with pytest.raises(ClientError) as caught:
        clients("cloudformation").create_stack(StackName="broken", TemplateBody="Resources:\n  A:\n B: [\n")
    assert "YAML not well-formed. (line 3, column 2)" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "props", "reason"),
    [
        ("AWS::S3::Bucket", {"BucketNam": "x"}, "Encountered unsupported property BucketNam"),
        ("AWS::EC2::Subnet", {"CidrBlock": "10.0.0.0/24"}, "Property VpcId cannot be empty."),
        ("AWS::EC2::Instance", {"ImageId": "ami-0"}, "The image id '[ami-0]' does not exist"),
    ],
)
def test_a_resource_that_fails_rolls_back_with_its_reason(stacks, kind, props, reason):
    name = stacks.create({"X": {"Type": kind, "Properties": props}})
    assert stacks.describe(name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stacks.reasons(name)["X"] == reason


def test_an_update_to_an_unknown_property_rolls_back(stacks):
    name = stacks.create(BUCKET)
    stacks.update(name, {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"Nothing": 1}}})
    assert stacks.describe(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reasons(name)["Bucket"] == "Encountered unsupported property Nothing"


@pytest.mark.parametrize("versioned", [False, True])
def test_a_full_bucket_is_not_deleted_with_its_stack(stacks, clients, versioned):
    props = {"Properties": {"VersioningConfiguration": {"Status": "Enabled"}}} if versioned else {}
    name = stacks.create(
        {"Bucket": {"Type": "AWS::S3::Bucket", **props}}, {"Name": {"Value": {"Ref": "Bucket"}}}
    )
    bucket = stacks.outputs(name)["Name"]
    s3 = clients("s3")
    s3.put_object(Bucket=bucket, Key="photo", Body=b"x")
    if versioned:
        s3.delete_object(Bucket=bucket, Key="photo")
    assert stacks.delete(name) == "DELETE_FAILED"
    assert "is not empty" in stacks.reasons(name)["Bucket"]
    for listed in s3.list_object_versions(Bucket=bucket).get("Versions", []):
        s3.delete_object(Bucket=bucket, Key="photo", VersionId=listed["VersionId"])
    for listed in s3.list_object_versions(Bucket=bucket).get("DeleteMarkers", []):
        s3.delete_object(Bucket=bucket, Key="photo", VersionId=listed["VersionId"])
    assert stacks.delete(name) == "DELETE_COMPLETE"
    assert bucket not in [each["Name"] for each in s3.list_buckets()["Buckets"]]

"""A distribution serves what the bucket's policy lets its identity read."""

from __future__ import annotations

import socket

import httpx
import pytest
from botocore.exceptions import ClientError

from tsalab.sandbox.control import distribution

CANONICAL = {"CanonicalUser": {"Fn::GetAtt": ["Identity", "S3CanonicalUserId"]}}
ARN = {
    "AWS": {"Fn::Sub": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${Identity}"},
}


def resources(principal, comment="test"):
    return {
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Identity": {
            "Type": "AWS::CloudFront::CloudFrontOriginAccessIdentity",
            "Properties": {"CloudFrontOriginAccessIdentityConfig": {"Comment": "test"}},
        },
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Bucket"},
                "PolicyDocument": {
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": principal,
                        "Action": "s3:GetObject",
                        "Resource": {"Fn::Sub": "${Bucket.Arn}/site/*"},
                    }
                },
            },
        },
        "Site": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {
                "DistributionConfig": {
                    "Comment": comment,
                    "Enabled": True,
                    "DefaultRootObject": "index.html",
                    "Origins": [
                        {
                            "Id": "S3",
                            "DomainName": {"Fn::Sub": "${Bucket}.s3.us-east-1.amazonaws.com"},
                            "OriginPath": "/site",
                            "S3OriginConfig": {
                                "OriginAccessIdentity": {
                                    "Fn::Sub": "origin-access-identity/cloudfront/${Identity}"
                                }
                            },
                        }
                    ],
                    "DefaultCacheBehavior": {
                        "TargetOriginId": "S3",
                        "ViewerProtocolPolicy": "allow-all",
                        "MinTTL": 0,
                        "DefaultTTL": 300,
                        "MaxTTL": 300,
                        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                    },
                }
            },
        },
    }


OUTPUTS = {
    "Domain": {"Value": {"Fn::GetAtt": ["Site", "DomainName"]}},
    "Id": {"Value": {"Ref": "Site"}},
    "Bucket": {"Value": {"Ref": "Bucket"}},
}


@pytest.mark.parametrize("principal", [CANONICAL, ARN, {"AWS": "arn:aws:iam::123456789012:root"}])
def test_the_bucket_policy_decides(stacks, clients, principal):
    name = stacks.create(resources(principal), OUTPUTS)
    made = stacks.outputs(name)
    clients("s3").put_object(Bucket=made["Bucket"], Key="site/index.html", Body=b"hello")
    answer = httpx.get(f"http://{made['Domain']}/")
    clients("s3").delete_object(Bucket=made["Bucket"], Key="site/index.html")
    if "123456789012" in str(principal):
        assert answer.status_code == 403
    else:
        assert (answer.status_code, answer.text) == (200, "hello")


def test_a_distributions_life(stacks, clients):
    name = stacks.create(resources(CANONICAL), OUTPUTS)
    made = stacks.outputs(name)
    url = f"http://{made['Domain']}/"
    s3, cloudfront = clients("s3"), clients("cloudfront")
    s3.put_object(Bucket=made["Bucket"], Key="site/index.html", Body=b"one")
    assert httpx.get(url).headers["x-cache"] == "Miss from cloudfront"
    s3.put_object(Bucket=made["Bucket"], Key="site/index.html", Body=b"two")
    cached = httpx.get(url)
    assert (cached.text, cached.headers["x-cache"]) == ("one", "Hit from cloudfront")
    batch = {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": "1"}
    cloudfront.create_invalidation(DistributionId=made["Id"], InvalidationBatch=batch)
    assert httpx.get(url).text == "two"

    stacks.update(name, resources(CANONICAL, "changed"))
    assert stacks.describe(name)["StackStatus"] == "UPDATE_COMPLETE", stacks.reasons(name)
    listed = cloudfront.list_distributions()["DistributionList"]["Items"]
    assert [(each["DomainName"], each["Comment"]) for each in listed] == [(made["Domain"], "changed")]
    assert httpx.get(url).text == "two"

    s3.delete_object(Bucket=made["Bucket"], Key="site/index.html")
    assert stacks.delete(name) == "DELETE_COMPLETE"
    host, _, port = made["Domain"].partition(":")
    with socket.create_server((host, int(port))):
        pass


def test_a_configuration_that_the_edge_cannot_serve_fails(stacks):
    wanted = resources(CANONICAL)
    behaviour = wanted["Site"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    behaviour["TargetOriginId"] = "nowhere"
    name = stacks.create(wanted, OUTPUTS)
    assert stacks.describe(name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stacks.reasons(name)["Site"]


def test_the_api_alone_makes_none(clients):
    with pytest.raises(ClientError, match="use a template's AWS::CloudFront::Distribution"):
        clients("cloudfront").delete_distribution(Id="E123", IfMatch="x")


def test_only_the_identitys_statements_are_translated():
    other = {"Effect": "Allow", "Principal": "*"}
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"CanonicalUser": "me"}}, other]}
    assert distribution.translated(policy, "me", "arn")["Statement"] == [
        {"Effect": "Allow", "Principal": {"AWS": ["arn"]}},
        other,
    ]
    assert distribution.translated('{"Statement": []}', "me", "arn") == {"Statement": []}

"""Which permissions CloudFormation takes for each resource type, and on what.

After the handlers' permissions in CloudFormation's resource schemas, as far as the
properties that the sandbox knows need them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context


@dataclass(frozen=True)
class Taken:
    """Permissions for one type.

    Parameters
    ----------
    create, update, delete
        Actions, separated by spaces, that it always takes.
    with_property
        More of them, to create or update one that has the property, or to delete it.
    passes
        Property that names a role, which takes ``iam:PassRole`` on it.
    """

    create: str
    update: str
    delete: str
    with_property: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    passes: str = ""

    def needed(self, verb: str, props: Mapping[str, Any]) -> list[str]:
        """Actions for one thing to be done: ``create``, ``update`` or ``delete``."""
        always = {"create": self.create, "update": self.update, "delete": self.delete}[verb].split()
        more = [pair[verb == "delete"] for name, pair in self.with_property.items() if props.get(name)]
        return always + [action for actions in more for action in actions.split()]


def _ec2(thing: str, update: str = "") -> Taken:
    tags = {"Tags": ("ec2:CreateTags", "")}
    return Taken(f"ec2:Create{thing}", update, f"ec2:Delete{thing}", tags)


ACTIONS: dict[str, Taken] = {
    "AWS::Cloud9::EnvironmentEC2": Taken(
        "cloud9:CreateEnvironmentEC2", "cloud9:UpdateEnvironment", "cloud9:DeleteEnvironment"
    ),
    "AWS::CloudFront::CloudFrontOriginAccessIdentity": Taken(
        "cloudfront:CreateCloudFrontOriginAccessIdentity",
        "cloudfront:GetCloudFrontOriginAccessIdentity cloudfront:UpdateCloudFrontOriginAccessIdentity",
        "cloudfront:GetCloudFrontOriginAccessIdentity cloudfront:DeleteCloudFrontOriginAccessIdentity",
    ),
    "AWS::CloudFront::Distribution": Taken(
        "cloudfront:CreateDistribution",
        "cloudfront:GetDistributionConfig cloudfront:UpdateDistribution",
        "cloudfront:GetDistributionConfig cloudfront:UpdateDistribution cloudfront:DeleteDistribution",
        {"Tags": ("cloudfront:TagResource", "")},
    ),
    "AWS::CodeCommit::Repository": Taken(
        "codecommit:CreateRepository",
        "codecommit:GetRepository codecommit:UpdateRepositoryDescription",
        "codecommit:DeleteRepository",
        {"Tags": ("codecommit:TagResource", "")},
    ),
    "AWS::CodePipeline::Pipeline": Taken(
        "codepipeline:CreatePipeline",
        "codepipeline:GetPipeline codepipeline:UpdatePipeline",
        "codepipeline:GetPipeline codepipeline:DeletePipeline",
        {"Tags": ("codepipeline:TagResource", "")},
        passes="RoleArn",
    ),
    "AWS::EC2::Instance": Taken(
        "ec2:RunInstances ec2:DescribeInstances",
        "ec2:DescribeInstances ec2:ModifyInstanceAttribute",
        "ec2:DescribeInstances ec2:TerminateInstances",
        {"Tags": ("ec2:CreateTags", "")},
        passes="IamInstanceProfile",
    ),
    "AWS::EC2::InternetGateway": _ec2("InternetGateway"),
    "AWS::EC2::Route": Taken("ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute"),
    "AWS::EC2::RouteTable": _ec2("RouteTable"),
    "AWS::EC2::SecurityGroup": Taken(
        "ec2:CreateSecurityGroup",
        "ec2:DescribeSecurityGroups",
        "ec2:DeleteSecurityGroup",
        {
            "SecurityGroupIngress": ("ec2:AuthorizeSecurityGroupIngress", ""),
            "SecurityGroupEgress": ("ec2:AuthorizeSecurityGroupEgress", ""),
            "Tags": ("ec2:CreateTags", ""),
        },
    ),
    "AWS::EC2::Subnet": _ec2("Subnet", "ec2:ModifySubnetAttribute"),
    "AWS::EC2::SubnetRouteTableAssociation": Taken(
        "ec2:AssociateRouteTable", "ec2:ReplaceRouteTableAssociation", "ec2:DisassociateRouteTable"
    ),
    "AWS::EC2::VPC": _ec2("Vpc", "ec2:ModifyVpcAttribute"),
    "AWS::EC2::VPCGatewayAttachment": Taken(
        "ec2:AttachInternetGateway", "ec2:AttachInternetGateway", "ec2:DetachInternetGateway"
    ),
    "AWS::IAM::InstanceProfile": Taken(
        "iam:CreateInstanceProfile iam:AddRoleToInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile iam:AddRoleToInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile iam:DeleteInstanceProfile",
    ),
    "AWS::IAM::ManagedPolicy": Taken(
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion iam:ListPolicyVersions",
        "iam:ListPolicyVersions iam:DeletePolicy",
        {"Roles": ("iam:AttachRolePolicy", "iam:DetachRolePolicy")},
    ),
    "AWS::IAM::Policy": Taken(
        "",
        "",
        "",
        {
            "Roles": ("iam:PutRolePolicy", "iam:DeleteRolePolicy"),
            "Users": ("iam:PutUserPolicy", "iam:DeleteUserPolicy"),
            "Groups": ("iam:PutGroupPolicy", "iam:DeleteGroupPolicy"),
        },
    ),
    "AWS::IAM::Role": Taken(
        "iam:CreateRole",
        "iam:GetRole iam:UpdateAssumeRolePolicy",
        "iam:GetRole iam:ListRolePolicies iam:ListAttachedRolePolicies iam:DeleteRole",
        {
            "Policies": ("iam:PutRolePolicy", "iam:GetRolePolicy iam:DeleteRolePolicy"),
            "ManagedPolicyArns": ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
            "Tags": ("iam:TagRole", ""),
        },
    ),
    "AWS::RDS::DBCluster": Taken(
        "rds:CreateDBCluster rds:DescribeDBClusters",
        "rds:ModifyDBCluster rds:DescribeDBClusters",
        "rds:DeleteDBCluster rds:DescribeDBClusters",
        {"Tags": ("rds:AddTagsToResource", "")},
    ),
    "AWS::RDS::DBInstance": Taken(
        "rds:CreateDBInstance rds:DescribeDBInstances",
        "rds:ModifyDBInstance rds:DescribeDBInstances",
        "rds:DeleteDBInstance rds:DescribeDBInstances",
        {"Tags": ("rds:AddTagsToResource", "")},
    ),
    "AWS::RDS::DBSubnetGroup": Taken(
        "rds:CreateDBSubnetGroup",
        "rds:ModifyDBSubnetGroup",
        "rds:DeleteDBSubnetGroup",
        {"Tags": ("rds:AddTagsToResource", "")},
    ),
    "AWS::S3::Bucket": Taken(
        "s3:CreateBucket",
        "",
        "s3:DeleteBucket",
        {
            "BucketEncryption": ("s3:PutEncryptionConfiguration", ""),
            "CorsConfiguration": ("s3:PutBucketCORS", ""),
            "OwnershipControls": ("s3:PutBucketOwnershipControls", ""),
            "PublicAccessBlockConfiguration": ("s3:PutBucketPublicAccessBlock", ""),
            "Tags": ("s3:PutBucketTagging", ""),
            "VersioningConfiguration": ("s3:PutBucketVersioning", ""),
        },
    ),
    "AWS::S3::BucketPolicy": Taken("s3:PutBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "AWS::SSM::Parameter": Taken(
        "ssm:PutParameter", "ssm:PutParameter", "ssm:DeleteParameter", {"Tags": ("ssm:AddTagsToResource", "")}
    ),
    "AWS::SecretsManager::Secret": Taken(
        "secretsmanager:CreateSecret",
        "secretsmanager:UpdateSecret",
        "secretsmanager:DeleteSecret",
        {
            "GenerateSecretString": ("secretsmanager:GetRandomPassword", ""),
            "Tags": ("secretsmanager:TagResource", ""),
        },
    ),
    "AWS::SecretsManager::SecretTargetAttachment": Taken(
        "secretsmanager:GetSecretValue secretsmanager:PutSecretValue",
        "secretsmanager:GetSecretValue secretsmanager:PutSecretValue",
        "secretsmanager:GetSecretValue secretsmanager:PutSecretValue",
    ),
}

# Property that gives it a name of its own, and the ARN's part after the account.
_NAMED = {
    "AWS::CodeCommit::Repository": ("codecommit", "RepositoryName", "{}"),
    "AWS::CodePipeline::Pipeline": ("codepipeline", "Name", "{}"),
    "AWS::IAM::InstanceProfile": ("iam", "InstanceProfileName", "instance-profile/{}"),
    "AWS::IAM::ManagedPolicy": ("iam", "ManagedPolicyName", "policy/{}"),
    "AWS::IAM::Role": ("iam", "RoleName", "role/{}"),
    "AWS::RDS::DBCluster": ("rds", "DBClusterIdentifier", "cluster:{}"),
    "AWS::RDS::DBInstance": ("rds", "DBInstanceIdentifier", "db:{}"),
    "AWS::RDS::DBSubnetGroup": ("rds", "DBSubnetGroupName", "subgrp:{}"),
    "AWS::S3::Bucket": ("s3", "BucketName", "{}"),
    "AWS::S3::BucketPolicy": ("s3", "Bucket", "{}"),
    "AWS::SSM::Parameter": ("ssm", "Name", "parameter/{}"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "Name", "secret:{}-??????"),
}
_NOWHERE = {"iam": "arn:aws:iam::{account}:", "s3": "arn:aws:s3:::"}  # services without regions


def arn_of(kind: str, name: str, props: Mapping[str, Any], context: Context) -> str:
    """ARN that a permission on a resource is held against.

    Parameters
    ----------
    kind
        Its type.
    name
        Its physical name or id; one that its properties give goes first.
    props
        Its properties.
    context
        The sandbox: account and region.
    """
    if name.startswith("arn:"):
        return name
    if kind not in _NAMED:
        return "*"
    service, given, pattern = _NAMED[kind]
    own = str(props.get(given) or name)
    if service in ("rds", "s3"):  # which keep small letters alone
        own = own.lower()
    start = _NOWHERE.get(service, f"arn:aws:{service}:{{region}}:{{account}}:")
    return start.format(account=context.account_id, region=context.region) + pattern.format(own)

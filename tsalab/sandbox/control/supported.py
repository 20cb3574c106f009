"""The resource types and properties that the sandbox really does; everything else fails.

One table: type, its required properties, its optional ones. A property that MiniStack
would accept and ignore does not stand here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Properties of a resource type."""

    required: frozenset[str]
    optional: frozenset[str]

    @property
    def known(self) -> frozenset[str]:
        """Every property that may be written."""
        return self.required | self.optional


def _shape(required: str, optional: str = "") -> Shape:
    return Shape(frozenset(required.split()), frozenset(optional.split()))


TYPES: dict[str, Shape] = {
    "AWS::Cloud9::EnvironmentEC2": _shape(
        "ImageId InstanceType",
        "AutomaticStopTimeMinutes ConnectionType Description Name OwnerArn Repositories SubnetId Tags",
    ),
    "AWS::CloudFront::CloudFrontOriginAccessIdentity": _shape("CloudFrontOriginAccessIdentityConfig"),
    "AWS::CloudFront::Distribution": _shape("DistributionConfig", "Tags"),
    "AWS::CodeCommit::Repository": _shape("RepositoryName", "Code RepositoryDescription Tags"),
    "AWS::CodePipeline::Pipeline": _shape(
        "RoleArn Stages", "ArtifactStore Name PipelineType RestartExecutionOnUpdate Tags"
    ),
    "AWS::EC2::Instance": _shape(
        "ImageId",
        "AvailabilityZone IamInstanceProfile InstanceType KeyName SecurityGroupIds SubnetId Tags UserData",
    ),
    "AWS::EC2::InternetGateway": _shape("", "Tags"),
    "AWS::EC2::Route": _shape(
        "RouteTableId", "DestinationCidrBlock DestinationIpv6CidrBlock GatewayId NatGatewayId"
    ),
    "AWS::EC2::RouteTable": _shape("VpcId", "Tags"),
    "AWS::EC2::SecurityGroup": _shape(
        "GroupDescription", "GroupName SecurityGroupEgress SecurityGroupIngress Tags VpcId"
    ),
    "AWS::EC2::Subnet": _shape("VpcId", "AvailabilityZone CidrBlock MapPublicIpOnLaunch Tags"),
    "AWS::EC2::SubnetRouteTableAssociation": _shape("RouteTableId SubnetId"),
    "AWS::EC2::VPC": _shape("CidrBlock", "EnableDnsHostnames EnableDnsSupport InstanceTenancy Tags"),
    "AWS::EC2::VPCGatewayAttachment": _shape("VpcId", "InternetGatewayId"),
    "AWS::IAM::InstanceProfile": _shape("Roles", "InstanceProfileName Path"),
    "AWS::IAM::ManagedPolicy": _shape(
        "PolicyDocument", "Description Groups ManagedPolicyName Path Roles Users"
    ),
    "AWS::IAM::Policy": _shape("PolicyDocument PolicyName", "Groups Roles Users"),
    "AWS::IAM::Role": _shape(
        "AssumeRolePolicyDocument",
        "Description ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary Policies RoleName Tags",
    ),
    "AWS::RDS::DBCluster": _shape(
        "Engine",
        "BackupRetentionPeriod DatabaseName DBClusterIdentifier DBSubnetGroupName DeletionProtection "
        "EnableHttpEndpoint EngineMode EngineVersion MasterUsername MasterUserPassword ScalingConfiguration "
        "ServerlessV2ScalingConfiguration Tags VpcSecurityGroupIds",
    ),
    "AWS::RDS::DBInstance": _shape(
        "DBClusterIdentifier DBInstanceClass Engine", "DBInstanceIdentifier PubliclyAccessible Tags"
    ),
    "AWS::RDS::DBSubnetGroup": _shape("DBSubnetGroupDescription SubnetIds", "DBSubnetGroupName Tags"),
    "AWS::S3::Bucket": _shape(
        "",
        "BucketEncryption BucketName CorsConfiguration OwnershipControls PublicAccessBlockConfiguration "
        "Tags VersioningConfiguration",
    ),
    "AWS::S3::BucketPolicy": _shape("Bucket PolicyDocument"),
    "AWS::SSM::Parameter": _shape("Type Value", "AllowedPattern Description Name Tags Tier"),
    "AWS::SecretsManager::Secret": _shape("", "Description GenerateSecretString Name SecretString Tags"),
    "AWS::SecretsManager::SecretTargetAttachment": _shape("SecretId TargetId TargetType"),
}

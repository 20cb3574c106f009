"""Things of somebody else, named much like the lab's, and everything that an account holds."""

from __future__ import annotations

import configparser
import hashlib
import json
from typing import Any

import pymysql

from tsalab.sandbox.folder import Folder

# Kinds of which `make` makes something, and of which the lab leaves nothing.
MADE = (
    "stacks",
    "buckets",
    "secrets",
    "clusters",
    "database instances",
    "snapshots",
    "subnet groups",
    "repositories",
    "key pairs",
    "environments",
    "instances",
    "roles",
)
CLUSTER = "tsagallery-database-cluster2"
_IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
_PASSWORD = "another-word-of-mine"

_STACK = {
    "Parameters": {"Subnets": {"Type": "CommaDelimitedList"}},
    "Resources": {
        "Subnets2": {
            "Type": "AWS::RDS::DBSubnetGroup",
            "Properties": {
                "DBSubnetGroupName": "tsagallery-databasesubnetgroup-of-mine",
                "DBSubnetGroupDescription": "somebody else's",
                "SubnetIds": {"Ref": "Subnets"},
            },
        },
        "Cluster": {
            "Type": "AWS::RDS::DBCluster",
            "Properties": {
                "DBClusterIdentifier": CLUSTER,
                "Engine": "aurora-mysql",
                "MasterUsername": "admin",
                "MasterUserPassword": _PASSWORD,
                "DatabaseName": "tsagallery",
                "DBSubnetGroupName": {"Ref": "Subnets2"},
                "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 1},
            },
        },
        "Instance": {
            "Type": "AWS::RDS::DBInstance",
            "Properties": {
                "DBInstanceIdentifier": "tsagallery-database-instance2",
                "DBClusterIdentifier": {"Ref": "Cluster"},
                "DBInstanceClass": "db.serverless",
                "Engine": "aurora-mysql",
            },
        },
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "tsagallery-stackdata"}},
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Name": "TSAGallery-RDSMasterSecret-old", "SecretString": "another word"},
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "TSAGalleryServerRole2",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            },
        },
    },
}


def make(session: Any, folder: Folder) -> None:
    """Make them; the database gets a row."""
    stacks, s3 = session.client("cloudformation"), session.client("s3")
    ec2, rds = session.client("ec2"), session.client("rds")
    subnets = ",".join(row["SubnetId"] for row in ec2.describe_subnets()["Subnets"])
    stacks.create_stack(
        StackName="TSAGallery2",
        TemplateBody=json.dumps(_STACK),
        Parameters=[{"ParameterKey": "Subnets", "ParameterValue": subnets}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    image = session.client("ssm").get_parameter(Name=_IMAGE)["Parameter"]["Value"]
    ec2.run_instances(
        ImageId=image,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "TSAGallery::WebServer2"}]}
        ],
    )
    starts = ("tsagallery-data", "tsagallery-photos-of-mine", "tsagallery-stackdata-4711")
    for name in (*starts, "tsa-bootstrap-notes"):
        where = {"LocationConstraint": session.region_name}
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
        s3.put_object(Bucket=name, Key="images/uploads/mine.jpg", Body=name.encode())
    session.client("secretsmanager").create_secret(Name="TSAGallery-Other", SecretString="a word")
    for name in ("TSAGallery-API2", "TSAGallery"):
        session.client("codecommit").create_repository(repositoryName=name)
    ec2.create_key_pair(KeyName="TSAGallery2", KeyType="ed25519")
    session.client("cloud9").create_environment_ec2(
        name="TSAGallery-of-Bob", instanceType="t3.small", imageId="amazonlinux-2023-x86_64"
    )
    stacks.get_waiter("stack_create_complete").wait(
        StackName="TSAGallery2", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    with _database(session, folder) as database, database.cursor() as cursor:
        cursor.execute("CREATE TABLE images (id INT PRIMARY KEY, name VARCHAR(40))")
        cursor.execute("INSERT INTO images VALUES (1, 'mine')")
        database.commit()
    rds.create_db_cluster_snapshot(
        DBClusterSnapshotIdentifier="tsagallery-database-cluster-of-mine", DBClusterIdentifier=CLUSTER
    )


def rows(session: Any, folder: Folder) -> Any:
    """What the foreign database holds."""
    with _database(session, folder) as database, database.cursor() as cursor:
        cursor.execute("SELECT * FROM images")
        return cursor.fetchall()


def _database(session: Any, folder: Folder) -> Any:
    """A connection past its endpoint, which admits nobody from outside of its network."""
    (cluster,) = session.client("rds").describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"]
    settings = configparser.ConfigParser(allow_no_value=True, strict=False)
    settings.read(folder.path("databases", CLUSTER, "mariadbd.cnf"))
    return pymysql.connect(
        unix_socket=settings["mariadbd"]["socket"],
        user=cluster["MasterUsername"],
        password=_PASSWORD,
        database=cluster["DatabaseName"],
    )


def inventory(session: Any) -> dict[str, Any]:
    """Everything that the account holds of the lab's kinds, with its content where it has one."""
    ec2, iam, rds = session.client("ec2"), session.client("iam"), session.client("rds")
    code, pipelines = session.client("codecommit"), session.client("codepipeline")
    distributions = session.client("cloudfront").list_distributions()["DistributionList"]
    return {
        "stacks": _stacks(session.client("cloudformation")),
        "buckets": _buckets(session.client("s3")),
        "secrets": _secrets(session.client("secretsmanager")),
        "clusters": rds.describe_db_clusters()["DBClusters"],
        "database instances": [
            # All but the clock: the moment up to which it could be restored moves on by itself.
            {name: value for name, value in row.items() if name != "LatestRestorableTime"}
            for row in rds.describe_db_instances()["DBInstances"]
        ],
        "snapshots": rds.describe_db_cluster_snapshots()["DBClusterSnapshots"],
        "subnet groups": rds.describe_db_subnet_groups()["DBSubnetGroups"],
        "repositories": code.list_repositories()["repositories"],
        "key pairs": {row["KeyName"]: row["KeyFingerprint"] for row in ec2.describe_key_pairs()["KeyPairs"]},
        "environments": _environments(session.client("cloud9")),
        "instances": [
            instance
            for reservation in ec2.describe_instances()["Reservations"]
            for instance in reservation["Instances"]
            if instance["State"]["Name"] != "terminated"
        ],
        "networks": sorted(row["VpcId"] for row in ec2.describe_vpcs()["Vpcs"]),
        "security groups": sorted(row["GroupId"] for row in ec2.describe_security_groups()["SecurityGroups"]),
        "roles": sorted(row["RoleName"] for row in iam.list_roles()["Roles"]),
        "instance profiles": iam.list_instance_profiles()["InstanceProfiles"],
        "pipelines": pipelines.list_pipelines()["pipelines"],
        "distributions": distributions.get("Items", []),
    }


def _stacks(api: Any) -> dict[str, list[Any]]:
    return {
        name: [
            row["StackStatus"],
            row["CreationTime"],
            api.get_template(StackName=name)["TemplateBody"],
            sorted(
                (each["LogicalResourceId"], each["PhysicalResourceId"])
                for each in api.list_stack_resources(StackName=name)["StackResourceSummaries"]
            ),
        ]
        for row in api.describe_stacks()["Stacks"]
        for name in [row["StackName"]]
    }


def _buckets(api: Any) -> dict[str, list[tuple[str, str]]]:
    return {
        name: [
            (
                row["Key"],
                hashlib.sha256(api.get_object(Bucket=name, Key=row["Key"])["Body"].read()).hexdigest(),
            )
            for row in api.list_objects_v2(Bucket=name).get("Contents", [])
        ]
        for bucket in api.list_buckets()["Buckets"]
        for name in [bucket["Name"]]
    }


def _secrets(api: Any) -> dict[str, list[str]]:
    return {
        row["Name"]: [row["ARN"], api.get_secret_value(SecretId=row["ARN"])["SecretString"]]
        for row in api.list_secrets()["SecretList"]
    }


def _environments(api: Any) -> list[Any]:
    ids = api.list_environments()["environmentIds"]
    found: list[Any] = api.describe_environments(environmentIds=ids)["environments"] if ids else []
    return found

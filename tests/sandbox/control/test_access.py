"""Who may call: only signed requests of keys that exist, and only on loopback."""

from __future__ import annotations

import secrets
import stat

import boto3
import httpx
import psutil
import pytest
from botocore.exceptions import ClientError


def client(sandbox, service, key, secret):
    facts = sandbox.folder.read_facts()
    return boto3.Session(key, secret, region_name="us-east-1").client(
        service, endpoint_url=facts["endpoint_url"]
    )


def learner(sandbox):
    found = sandbox.session().get_credentials()
    return found.access_key, found.secret_key


def code(call, *args, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    return caught.value.response["Error"]["Code"]


CALLS = [
    ("ec2", "describe_instances"),
    ("s3", "list_buckets"),
    ("rds", "describe_db_clusters"),
    ("iam", "list_users"),
]


def test_the_learner_is_an_administrator(bare_sandbox):
    identity = bare_sandbox.session().client("sts").get_caller_identity()
    assert identity["Arn"].endswith(":user/learner")
    for service, operation in CALLS:
        getattr(bare_sandbox.session().client(service), operation)()


@pytest.mark.parametrize(("service", "operation"), CALLS)
@pytest.mark.parametrize("key", ["test", "123456789012", "AKIAIOSFODNN7EXAMPLE"])
def test_a_wrong_key_is_refused(bare_sandbox, key, service, operation):
    wrong = client(bare_sandbox, service, key, "test")
    assert code(getattr(wrong, operation)) in {
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "AuthFailure",
        "UnrecognizedClientException",
    }


@pytest.mark.parametrize(("service", "operation"), CALLS)
def test_a_wrong_signature_is_refused(bare_sandbox, service, operation):
    key, _ = learner(bare_sandbox)
    wrong = client(bare_sandbox, service, key, secrets.token_urlsafe(30))
    assert code(getattr(wrong, operation)) in {"SignatureDoesNotMatch", "AuthFailure"}


def test_the_account_number_opens_nothing(bare_sandbox):
    wrong = client(bare_sandbox, "sts", bare_sandbox.folder.read_facts()["account_id"], "test")
    assert code(wrong.get_caller_identity) == "InvalidClientTokenId"


def status(sandbox, path, method="GET"):
    return httpx.request(method, sandbox.folder.read_facts()["endpoint_url"] + path).status_code


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/_ministack/reset", "POST"),
        ("/_ministack/config", "POST"),
        ("/_ministack/ready", "GET"),
        ("/_ministack/sqs/messages", "GET"),
        ("/_ministack/rds/iam-auth", "POST"),
        ("/_localstack/init", "GET"),
        ("/latest/meta-data/iam/security-credentials/", "GET"),
        ("/?Action=DescribeInstances&Version=2016-11-15", "POST"),
        ("/some-bucket", "PUT"),
        ("/some-bucket", "GET"),
    ],
)
def test_without_credentials_nothing_is_answered(bare_sandbox, path, method):
    assert status(bare_sandbox, path, method) in {400, 403}


def test_the_health_path_stays(bare_sandbox):
    assert status(bare_sandbox, "/_ministack/health") == 200


def test_everything_listens_on_loopback_alone(bare_sandbox):
    from tsalab.sandbox import processes

    listening = [
        connection.laddr.ip
        for process in processes.members(bare_sandbox.folder)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) == {"127.0.0.1"}


def test_secrets_are_in_private_files_alone(bare_sandbox):
    from tsalab.sandbox import processes

    _, secret = learner(bare_sandbox)
    root = bare_sandbox.folder.root
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert stat.S_IMODE((root / "aws" / "credentials").stat().st_mode) == 0o600
    assert secret not in (root / "supervisor.log").read_text()
    assert secret not in (root / "sandbox.json").read_text()
    for process in processes.members(bare_sandbox.folder):
        assert secret not in " ".join(process.cmdline())
        assert secret not in str(process.environ())


def test_a_role_may_do_what_its_policies_say_and_no_more(bare_sandbox):
    """The credentials a server gets are assumed-role sessions under IAM's rule."""
    iam = bare_sandbox.session().client("iam")
    secret = bare_sandbox.session().client("secretsmanager")
    trust = '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}'
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]
    secret.create_secret(Name="one", SecretString="value")
    try:
        sts = bare_sandbox.session().client("sts")
        given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
        facts = bare_sandbox.folder.read_facts()
        session = boto3.Session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=facts["region"]
        )
        reader = session.client("secretsmanager", endpoint_url=facts["endpoint_url"])
        assert code(reader.get_secret_value, SecretId="one") == "AccessDeniedException"
        policy = (
            '{"Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}'
        )
        iam.put_role_policy(RoleName="reader", PolicyName="ReadSecrets", PolicyDocument=policy)
        assert reader.get_secret_value(SecretId="one")["SecretString"] == "value"
    finally:
        secret.delete_secret(SecretId="one", ForceDeleteWithoutRecovery=True)
        iam.delete_role_policy(RoleName="reader", PolicyName="ReadSecrets")
        iam.delete_role(RoleName="reader")

"""Who may use CodeCommit: git with credentials and signatures, API calls with policies; and stacks."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

from code_plane import refusal

from tsalab.sandbox.control.codecommit.access import signature

from .kit import NUMBERS, address, attach, git_password


def test_git_credentials_of_a_user_clone_and_push(api, plane, repo, first, user, git):
    attach(plane, user, "AWSCodeCommitPowerUser")
    row = git_password(plane, user)
    assert row["ServiceUserName"] == f"{user}-at-{plane.account}"
    git("clone", "-q", address(api, repo, row), "work")
    (git.home / "work" / "new").write_text("x")
    git("-C", "work", "add", ".")
    git("-C", "work", "commit", "-q", "-m", "by git")
    git("-C", "work", "push", "-q")
    tip = api.get_branch(repositoryName=repo, branchName="master")["branch"]["commitId"]
    assert api.get_commit(repositoryName=repo, commitId=tip)["commit"]["parents"] == [first]


def test_policies_decide_what_git_may(api, plane, repo, first, user, git):
    row = git_password(plane, user)
    assert "403" in git("ls-remote", address(api, repo, row), fails=True)
    attach(plane, user, "AWSCodeCommitReadOnly")
    assert first in git("ls-remote", address(api, repo, row))
    git("clone", "-q", address(api, repo, row), "work")
    assert "403" in git("-C", "work", "push", "-q", "origin", "master:other", fails=True)
    assert api.list_branches(repositoryName=repo)["branches"] == ["master"]


def test_git_credentials_are_listed_reset_switched_off_and_limited(api, plane, repo, first, user, git):
    iam = plane.client("iam")
    attach(plane, user, "AWSCodeCommitFullAccess")
    row = git_password(plane, user)
    second = git_password(plane, user)
    assert second["ServiceUserName"] == f"{user}+1-at-{plane.account}"
    assert refusal(git_password, plane=plane, user=user)[0] == "LimitExceeded"
    shown = iam.list_service_specific_credentials(UserName=user)["ServiceSpecificCredentials"]
    assert [one["Status"] for one in shown] == ["Active", "Active"]
    assert "ServicePassword" not in shown[0]
    which = {"UserName": user, "ServiceSpecificCredentialId": row["ServiceSpecificCredentialId"]}
    reset = iam.reset_service_specific_credential(**which)["ServiceSpecificCredential"]
    assert "Authentication failed" in git("ls-remote", address(api, repo, row), fails=True)
    assert first in git("ls-remote", address(api, repo, reset))
    iam.update_service_specific_credential(Status="Inactive", **which)
    assert "Authentication failed" in git("ls-remote", address(api, repo, reset), fails=True)
    assert refusal(iam.delete_user, UserName=user)[0] == "DeleteConflict"
    none = {"UserName": user, "ServiceSpecificCredentialId": "ACCA" + "0" * 16}
    for call in (iam.reset_service_specific_credential, iam.delete_service_specific_credential):
        assert refusal(call, **none)[0] == "NoSuchEntity"
    assert refusal(iam.update_service_specific_credential, Status="Active", **none)[0] == "NoSuchEntity"
    create, listing = iam.create_service_specific_credential, iam.list_service_specific_credentials
    other = refusal(create, UserName=user, ServiceName="cassandra.amazonaws.com")
    assert other[0] in {"ServiceNotSupported", "ServiceNotSupportedException", "NotSupportedService"}
    nobody = {"UserName": "nobody"}
    assert refusal(create, ServiceName="codecommit.amazonaws.com", **nobody)[0] == "NoSuchEntity"
    assert refusal(listing, **nobody)[0] == "NoSuchEntity"


def test_without_a_name_the_caller_is_meant(plane):
    iam = plane.client("iam")
    row = git_password(plane, "learner")
    shown = iam.list_service_specific_credentials()["ServiceSpecificCredentials"]
    assert [one["UserName"] for one in shown] == ["learner"]
    iam.delete_service_specific_credential(ServiceSpecificCredentialId=row["ServiceSpecificCredentialId"])


def test_the_aws_program_s_credential_helper_signs(api, plane, repo, first, user, git):
    attach(plane, user, "AWSCodeCommitReadOnly")
    key = plane.client("iam").create_access_key(UserName=user)["AccessKey"]
    (git.home / "credentials").write_text(
        f"[default]\naws_access_key_id={key['AccessKeyId']}\naws_secret_access_key={key['SecretAccessKey']}\n"
    )
    (git.home / "config").write_text("[default]\nregion=us-east-1\n")
    helper = f"!{sys.executable} -m awscli codecommit credential-helper --ignore-host-check $@"
    settings = ["-c", f"credential.helper={helper}", "-c", "credential.UseHttpPath=true"]
    assert first in git(*settings, "ls-remote", address(api, repo))


def signed(secret, url, when=None, region="us-east-1"):
    stamp = (when or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S")
    return f"{stamp}Z{signature(secret, stamp, region, url)}"


def status(api, repo, username, password):
    import httpx

    url = address(api, repo)
    answer = httpx.get(f"{url}/info/refs?service=git-upload-pack", auth=(username, password))
    return answer.status_code


def test_a_signature_is_good_for_its_key_place_and_quarter_of_an_hour(api, plane, repo, first):
    key, secret = plane.identity["access_key_id"], plane.identity["secret_access_key"]
    url = address(api, repo)
    assert status(api, repo, key, signed(secret, url)) == 200
    assert status(api, repo, key, signed("wrong", url)) == 401
    assert status(api, repo, key, signed(secret, f"{url}x")) == 401
    assert status(api, repo, key, signed(secret, url, region="eu-west-1")) == 401
    assert status(api, repo, "AKIANOBODY", signed(secret, url)) == 401
    for minutes in (-16, 16):
        when = datetime.now(UTC) + timedelta(minutes=minutes)
        assert status(api, repo, key, signed(secret, url, when)) == 401


def test_a_session_s_signature_needs_its_token(api, plane, repo, first):
    trust = {"Effect": "Allow", "Principal": {"AWS": plane.account}, "Action": "sts:AssumeRole"}
    iam = plane.client("iam")
    role = iam.create_role(
        RoleName=f"role-{next(NUMBERS)}", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )["Role"]
    got = plane.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="git")["Credentials"]
    password = signed(got["SecretAccessKey"], address(api, repo))
    user = f"{got['AccessKeyId']}%{got['SessionToken']}"
    assert status(api, repo, user, password) == 403
    only = {"Effect": "Allow", "Action": "codecommit:GitPull", "Resource": f"arn:aws:codecommit:*:*:{repo}"}
    iam.put_role_policy(
        RoleName=role["RoleName"], PolicyName="pull", PolicyDocument=json.dumps({"Statement": [only]})
    )
    assert status(api, repo, user, password) == 200
    assert status(api, repo, got["AccessKeyId"], password) == 401


def test_api_calls_are_authenticated_and_authorised_by_repository(api, plane, repo, user):
    key = plane.client("iam").create_access_key(UserName=user)["AccessKey"]
    his = plane.client("codecommit", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert refusal(his.get_repository, repositoryName=repo)[0] == "AccessDeniedException"
    actions = ["codecommit:Get*", "codecommit:BatchGet*"]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": f"arn:aws:codecommit:*:*:{repo}"}
    plane.client("iam").put_user_policy(
        UserName=user, PolicyName="one", PolicyDocument=json.dumps({"Statement": [allowed]})
    )
    assert his.get_repository(repositoryName=repo)["repositoryMetadata"]["repositoryName"] == repo
    assert refusal(his.get_repository, repositoryName="other")[0] == "AccessDeniedException"
    assert len(his.batch_get_repositories(repositoryNames=[repo])["repositories"]) == 1
    assert refusal(his.batch_get_repositories, repositoryNames=[repo, "other"])[0] == "AccessDeniedException"
    assert refusal(his.delete_repository, repositoryName=repo)[0] == "AccessDeniedException"
    plane.client("iam").delete_user_policy(UserName=user, PolicyName="one")
    wrong = plane.client("codecommit", key=key["AccessKeyId"], secret="wrong")
    code, _ = refusal(wrong.list_repositories)
    assert code in {"InvalidSignatureException", "SignatureDoesNotMatch"}


def test_other_regions_and_malformed_requests_are_refused(plane):
    import httpx
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    def call(operation: str, body: bytes, region: str = "us-east-1") -> str:
        headers = {
            "X-Amz-Target": f"CodeCommit_20150413.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
        }
        request = AWSRequest("POST", plane.facts["endpoint"] + "/", headers=headers, data=body)
        SigV4Auth(plane.session().get_credentials(), "codecommit", region).add_auth(request)
        answer = httpx.post(plane.facts["endpoint"] + "/", headers=dict(request.headers), content=body)
        assert answer.headers["content-type"] == "application/x-amz-json-1.1"
        return answer.json()["__type"]

    assert call("ListRepositories", b"{}", "eu-west-1") == "UnsupportedRegionException"
    assert call("GetRepository", b"not json") == "SerializationException"
    assert call("GetRepository", b"[]") == "SerializationException"
    assert call("GetRepository", b"{}") == "ValidationException"
    assert call("NoSuchThing", b"{}") == "UnknownOperationException"
    put_odd = {"repositoryName": "a", "branchName": "b", "filePath": "c", "fileContent": "\u00e9"}
    assert call("PutFile", json.dumps(put_odd).encode()) == "SerializationException"


def test_a_stack_holds_a_repository(api, plane):
    cloudformation = plane.client("cloudformation")

    def template(**properties):
        resource = {"Type": "AWS::CodeCommit::Repository", "Properties": properties}
        outputs = {key: {"Value": {"Fn::GetAtt": ["R", key]}} for key in ("Name", "Arn", "CloneUrlHttp")}
        return json.dumps({"Resources": {"R": resource}, "Outputs": outputs})

    def settled(name):
        from code_plane import until

        def look():
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            return stack if not stack["StackStatus"].endswith("IN_PROGRESS") else None

        return until(look)

    stack_id = cloudformation.create_stack(StackName="repo", TemplateBody=template(RepositoryName="one"))[
        "StackId"
    ]
    outputs = {row["OutputKey"]: row["OutputValue"] for row in settled("repo")["Outputs"]}
    assert outputs["Name"] == "one"
    assert outputs["CloneUrlHttp"].endswith("/v1/repos/one")
    tags = [{"Key": "k", "Value": "v"}]
    cloudformation.update_stack(
        StackName="repo",
        TemplateBody=template(RepositoryName="two", RepositoryDescription="new", Tags=tags),
    )
    assert settled("repo")["StackStatus"] == "UPDATE_COMPLETE"
    facts = api.get_repository(repositoryName="two")["repositoryMetadata"]
    assert facts["repositoryDescription"] == "new"
    assert api.list_tags_for_resource(resourceArn=facts["Arn"])["tags"]["k"] == "v"
    for name, properties in {
        "taken": {"RepositoryName": "two"},
        "code": {"RepositoryName": "three", "Code": {"S3": {"Bucket": "b", "Key": "k"}}},
    }.items():
        cloudformation.create_stack(StackName=name, TemplateBody=template(**properties))
        assert settled(name)["StackStatus"] == "ROLLBACK_COMPLETE"
    cloudformation.delete_stack(StackName=stack_id)
    assert settled(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert refusal(api.get_repository, repositoryName="two")[0] == "RepositoryDoesNotExistException"

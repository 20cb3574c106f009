"""Repositories and users on the control plane of the tests."""

from __future__ import annotations

import pytest

from .kit import NUMBERS, Git


@pytest.fixture(scope="module")
def api(plane):
    return plane.client("codecommit")


@pytest.fixture
def repo(api):
    name = f"repo-{next(NUMBERS)}"
    api.create_repository(repositoryName=name, repositoryDescription="a test's", tags={"a": "b"})
    yield name
    api.delete_repository(repositoryName=name)


@pytest.fixture
def first(api, repo):
    """A first commit with a folder, a program and a plain file."""
    made = api.create_commit(
        repositoryName=repo,
        branchName="master",
        authorName="Ann",
        email="ann@example.com",
        commitMessage="first",
        putFiles=[
            {"filePath": "utils/config.js", "fileContent": b"1\n"},
            {"filePath": "run.sh", "fileContent": b"#!/bin/sh\n", "fileMode": "EXECUTABLE"},
            {"filePath": "link", "fileContent": b"run.sh", "fileMode": "SYMLINK"},
            {"filePath": "empty", "fileContent": b""},
        ],
    )
    return made["commitId"]


@pytest.fixture
def git(tmp_path):
    return Git(tmp_path)


@pytest.fixture
def user(plane):
    iam = plane.client("iam")
    name = f"user-{next(NUMBERS)}"
    iam.create_user(UserName=name)
    yield name
    for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
    for row in iam.list_service_specific_credentials(UserName=name)["ServiceSpecificCredentials"]:
        key = row["ServiceSpecificCredentialId"]
        iam.delete_service_specific_credential(UserName=name, ServiceSpecificCredentialId=key)
    for row in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=row["AccessKeyId"])
    iam.delete_user(UserName=name)

"""What the tests of CodeCommit share: files of commits, users with passwords, a git of their own."""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

NUMBERS = itertools.count(1)


def put(api, repo, parent, path="a", content=b"x", **more):
    return api.put_file(
        repositoryName=repo,
        branchName="master",
        filePath=path,
        fileContent=content,
        parentCommitId=parent,
        **more,
    )


class Git:
    """The git program of somebody with a folder of his own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "GIT_"))},
            "HOME": str(home),
            "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
            "AWS_CONFIG_FILE": str(home / "config"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        (home / "gitconfig").write_text(
            "[user]\nname = A\nemail = a@example.com\n[init]\ndefaultBranch = master\n"
        )

    def __call__(self, *arguments: object, fails: bool = False) -> str:
        ended = subprocess.run(
            ["git", *map(str, arguments)],
            cwd=self.home,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode != 0) == fails, ended.stderr
        return ended.stderr if fails else ended.stdout


def attach(plane, user, policy):
    plane.client("iam").attach_user_policy(UserName=user, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")


def git_password(plane, user):
    made = plane.client("iam").create_service_specific_credential(
        UserName=user, ServiceName="codecommit.amazonaws.com"
    )
    return made["ServiceSpecificCredential"]


def address(api, repo, row=None):
    from urllib.parse import quote

    url = api.get_repository(repositoryName=repo)["repositoryMetadata"]["cloneUrlHttp"]
    if row is None:
        return url
    login = f"{quote(row['ServiceUserName'])}:{quote(row['ServicePassword'])}"
    return url.replace("//", f"//{login}@")

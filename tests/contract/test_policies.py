"""The shipped policies: made from the list of calls, equal to it, and no wider."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.test_calls import CALLS, LISTED
from tests.contract.walk import ROOT
from tsalab.cloud.inventory import TAG
from tsalab.sandbox.control.supported import TYPES
from tsalab.sandbox.control.taken import ACTIONS

FOLDER = ROOT / "templates" / "policies"
NAMES = ("grader", "learner", "instructor", "dms")
MOST = 6144  # characters of a managed policy, white space not counted
# IAM's own access levels "List" and "Read".
LOOKS = {
    "cloud9": {"DescribeEnvironments", "ListEnvironments"},
    "cloudformation": {"DescribeStackEvents", "DescribeStacks", "ListStackResources", "ListStacks"},
    "cloudfront": {"GetDistribution"},
    "cloudtrail": {"LookupEvents"},
    "cloudwatch": {"GetMetricData"},
    "codecommit": {
        "BatchGetRepositories",
        "GetBranch",
        "GetFile",
        "GetRepository",
        "GitPull",
        "ListBranches",
        "ListTagsForResource",
    },
    "codepipeline": {"GetPipeline", "GetPipelineState", "ListPipelineExecutions"},
    "ec2": {
        "DescribeInstances",
        "DescribeKeyPairs",
        "DescribeSecurityGroupRules",
        "DescribeSubnets",
        "DescribeVpcs",
        "GetConsoleOutput",
    },
    "iam": {"ListRolePolicies"},
    "rds": {
        "DescribeDBClusterSnapshots",
        "DescribeDBClusters",
        "DescribeDBEngineVersions",
        "DescribeEvents",
    },
    "s3": {
        "GetBucketVersioning",
        "GetObject",
        "GetObjectVersion",
        "ListAllMyBuckets",
        "ListBucket",
        "ListBucketVersions",
    },
    "secretsmanager": {"DescribeSecret", "GetSecretValue", "ListSecrets"},
}
# Where IAM knows no resource, or where the look is at what may not exist under any known name.
UNNARROWED = {
    "ListStacks",
    "ListBuckets",
    "ListSecrets",
    "LookAtDatabases",
    "LookAtTheNetwork",
    "LookAtCloud9",
    "FollowCommands",
    "ReadTheTrail",
    "LookAtDms",
}


def policy(name: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["Statement"]
    return statements


def actions(name: str) -> set[str]:
    return {action for statement in policy(name) for action in statement["Action"]}


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("policies", ROOT / ".ci" / "policies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_they_are_what_the_list_makes() -> None:
    command = [sys.executable, ".ci/policies.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_policy_that_was_changed_by_hand_is_found(tmp_path: Path) -> None:
    made = generator()
    assert made.main(["--into", str(tmp_path)]) == 0
    file = tmp_path / "learner.json"
    file.write_text(file.read_text().replace("s3:PutObject", "s3:*"))
    assert made.main(["--into", str(tmp_path), "--check"]) == 1


def test_other_names_go_through_to_the_resources(tmp_path: Path) -> None:
    generator().main(["--into", str(tmp_path), "--stack", "Mine", "--bucket", "my-data"])
    text = (tmp_path / "learner.json").read_text()
    assert '"arn:aws:s3:::my-data/*"' in text
    assert '"arn:aws:secretsmanager:*:*:secret:Mine-RDSMasterSecret*"' in text
    assert "stack/TSAGallery/" not in text


def expected() -> set[str]:
    """Every action of the list, read without the generator."""
    rows = [(call, row) for call, row in CALLS.items() if row["area"] != "Free"]
    plain = {f"{service}:{name.replace('_', '')}" for (service, name), row in rows if not row.get("actions")}
    named = {action.lower() for row in CALLS.values() for action in row.get("actions", [])}
    through = {
        action.lower()
        for kind in ("create", "delete")
        for listed in LISTED["through_cloudformation"][kind]["actions"].values()
        for action in listed
    }
    return plain | named | through | {action.lower() for action in LISTED["git"]}


def test_together_they_are_the_list_of_calls() -> None:
    assert {action.lower() for name in NAMES for action in actions(name)} == expected()


def test_the_learner_may_all_that_the_grader_may() -> None:
    """All but the trail: the lab asks for none, and a learner's own account of it proves nothing."""
    assert actions("grader") - actions("learner") == {"cloudtrail:LookupEvents"}


def test_the_grader_only_looks() -> None:
    looks = {f"{service}:{action}" for service, found in LOOKS.items() for action in found}
    assert actions("grader") == looks


@pytest.mark.parametrize("name", NAMES)
def test_each_is_narrow(name: str) -> None:
    for statement in policy(name):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in statement["Action"])
        wide = "*" in statement["Resource"]
        assert wide == (statement["Sid"] in UNNARROWED), statement["Sid"]
        assert not any("{" in resource for resource in statement["Resource"])
    sids = [statement["Sid"] for statement in policy(name)]
    assert len(sids) == len(set(sids))
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)  # IAM takes no others


@pytest.mark.parametrize("name", NAMES)
def test_each_fits_into_a_managed_policy(name: str) -> None:
    assert len(re.sub(r"\s", "", (FOLDER / f"{name}.json").read_text())) <= MOST


def test_every_statement_of_the_list_is_used() -> None:
    used = {area for row in CALLS.values() for area in (row["area"], *row.get("also", ()))}
    used |= set(LISTED["git"].values())
    assert used == set(LISTED["areas"])


class _Tags(yaml.SafeLoader):
    """Reads a template without resolving its functions."""


_Tags.add_multi_constructor("!", lambda *_: None)


def test_through_cloudformation_covers_what_the_bootstrap_stack_holds() -> None:
    template = yaml.load((ROOT / "templates" / "bootstrap.yml").read_text(), _Tags)  # noqa: S506
    types = {resource["Type"] for resource in template["Resources"].values()}
    through = LISTED["through_cloudformation"]
    assert types == set(through["resources"])
    assert types == set(through["create"]["actions"]) == set(through["delete"]["actions"])


def test_the_sandbox_asks_for_the_same_through_cloudformation() -> None:
    """What its CloudFormation takes of the caller for the bootstrap stack is what the policies grant."""
    template = yaml.load((ROOT / "templates" / "bootstrap.yml").read_text(), _Tags)  # noqa: S506
    through = LISTED["through_cloudformation"]
    for verb in ("create", "delete"):
        asked: dict[str, set[str]] = {}
        for resource in template["Resources"].values():
            props = {**resource["Properties"], "Tags": [TAG]}  # the stack's tags go to all it holds
            asked.setdefault(resource["Type"], set()).update(ACTIONS[resource["Type"]].needed(verb, props))
        if verb == "create":
            assert ACTIONS["AWS::CodePipeline::Pipeline"].passes
            asked["AWS::IAM::Role"].add("iam:PassRole")  # by the pipeline, and it is a role's
        assert asked == {kind: set(listed) for kind, listed in through[verb]["actions"].items()}


def test_every_type_of_the_sandbox_takes_permissions() -> None:
    assert set(ACTIONS) == set(TYPES)


def test_the_page_beside_them_names_each() -> None:
    page = (FOLDER / "README.md").read_text()
    for name in NAMES:
        assert f"`{name}.json`" in page

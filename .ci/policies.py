"""Make the policies of ``templates/policies/`` from the list of calls beside them.

Usage: ``python .ci/policies.py [--check] [--stack NAME] [--bootstrap NAME] [--bucket NAME] [--key-pair NAME]
[--into FOLDER]``. With ``--check`` nothing is written; a policy that differs is named.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

FOLDER = Path(__file__).parents[1] / "templates" / "policies"
POLICIES = ("grader", "learner", "instructor", "dms")
Statement = dict[str, Any]


def load(folder: Path = FOLDER) -> dict[str, Any]:
    """Read the list of calls."""
    content: dict[str, Any] = yaml.safe_load((folder / "calls.yml").read_text(encoding="utf-8"))
    return content


@functools.cache
def operations(service: str) -> dict[str, str]:
    """AWS's names of a service's operations, by botocore's method names."""
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    return {xform_name(name): name for name in model.operation_names}


def actions_of(service: str, operation: str, row: dict[str, Any]) -> list[str]:
    """The IAM actions that a call needs: named after the operation, where the list says nothing else."""
    named: list[str] = row.get("actions") or [f"{service}:{operations(service)[operation]}"]
    return named


def statements(listed: dict[str, Any], policy: str, names: dict[str, str]) -> list[Statement]:
    """One policy's statements, in the order of the areas."""
    granted: dict[str, set[str]] = {area: set() for area in listed["areas"]}
    for service, calls in listed["calls"].items():
        for operation, row in calls.items():
            for area in (row["area"], *row.get("also", ())):
                granted[area].update(actions_of(service, operation, row))
    for action, area in listed["git"].items():
        granted[area].add(action)
    found = [
        _statement(sid, granted[sid], area["resources"], area.get("when"), names)
        for sid, area in listed["areas"].items()
        if policy in area["for"]
    ]
    return found + list(_through_cloudformation(listed["through_cloudformation"], policy, names))


def _through_cloudformation(
    listed: dict[str, Any], policy: str, names: dict[str, str]
) -> Iterator[Statement]:
    for kind in ("delete", "create"):
        if policy in listed[kind]["for"]:
            for resource, actions in listed[kind]["actions"].items():
                sid = f"{kind.capitalize()}{resource.rpartition('::')[2]}ThroughCloudFormation"
                yield _statement(sid, actions, listed["resources"][resource], None, names)


def _statement(
    sid: str, actions: Sequence[str] | set[str], resources: list[str], when: Any, names: dict[str, str]
) -> Statement:
    made: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(set(actions)),
        "Resource": [resource.format(**names) for resource in resources],
    }
    if when:
        made["Condition"] = {
            test: {key: value.format(**names) for key, value in keys.items()} for test, keys in when.items()
        }
    return made


def policies(listed: dict[str, Any], names: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every policy by its name."""
    return {
        name: {"Version": "2012-10-17", "Statement": statements(listed, name, names)} for name in POLICIES
    }


def names_of(stack: str, bootstrap: str, bucket: str, key_pair: str) -> dict[str, str]:
    """What the resources' patterns refer to."""
    return {
        "stack": stack,
        "stack_lower": stack.lower(),
        "bootstrap": bootstrap,
        "bootstrap_plain": bootstrap.replace("-", ""),
        "bootstrap_lower": bootstrap.lower(),
        "bucket": bucket,
        "key_pair": key_pair,
    }


DEFAULTS = names_of("TSAGallery", "TSA-Bootstrap", "tsagallery-data-*", "TSAGallery")


def main(argv: Sequence[str]) -> int:
    """Write the policies, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--stack", default=DEFAULTS["stack"])
    parser.add_argument("--bootstrap", default=DEFAULTS["bootstrap"])
    parser.add_argument("--bucket", default=DEFAULTS["bucket"])
    parser.add_argument("--key-pair", default=DEFAULTS["key_pair"])
    parser.add_argument("--into", type=Path, default=FOLDER)
    asked = parser.parse_args(argv)
    names = names_of(asked.stack, asked.bootstrap, asked.bucket, asked.key_pair)
    different = 0
    for name, document in policies(load(), names).items():
        file, text = asked.into / f"{name}.json", json.dumps(document, indent=2) + "\n"
        if not asked.check:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            different += 1
            sys.stderr.write(f"{file.name} is not what the list of calls makes; run python .ci/policies.py\n")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The list of calls, held against the code (both ways) and against botocore's service models."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.model
import botocore.session
import pytest
import yaml
from botocore import xform_name
from botocore.validate import ParamValidator

from tests.contract import walk

LISTED = yaml.safe_load((walk.ROOT / "templates" / "policies" / "calls.yml").read_text())
CALLS: dict[tuple[str, str], dict[str, Any]] = {
    (service, operation): row for service, rows in LISTED["calls"].items() for operation, row in rows.items()
}
MODULES = walk.modules()
# What is asked for by name in modules with calls and is no field of an answer.
OTHER = {
    "cloud/account.py": {
        "account",
        "accounts",
        "tsalab_clock",
        "tsalab_database_ca",
        "tsalab_faults",
        "tsalab_ssh_config",
        "tsalab_variant",
    },
    "cloud/inventory.py": {"account", "Key", "Value"},  # of our own tag
    "cloud/pipeline.py": {"Pipeline"},  # by its name in the template
    "cloud/replication_removal.py": {"account"},
    "cloud/secret.py": {"dbname", "host", "password", "port", "username"},  # inside the secret
    "cloud/stacks.py": {"does not exist"},
    "start_state/repositories.py": {"Key", "Value"},
    "start_state/serving.py": {"SPAPipeline", "Succeeded"},
    "start_state/stacks.py": {"Key", "Value", "StackData"},  # of our own tag; by its name in the template
}
# Refusals of any service, or that S3 says without a model.
COMMON = {"403", "404", "AccessDeniedException", "InvalidParameterValue", "InvalidParameterCombination"}
COMMON |= {"NotFound", "NoSuchVersion", "ValidationError"}


SESSION = botocore.session.Session()


@functools.cache
def model(service: str) -> botocore.model.ServiceModel:
    return SESSION.get_service_model(service)


@functools.cache
def operations(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in model(service).operation_names}


def operation_model(service: str, operation: str) -> botocore.model.OperationModel:
    return model(service).operation_model(operations(service)[operation])


def shape_of(shape: Any, path: str) -> Any:
    """The shape at the end of a path; lists are gone through unasked."""
    for name in path.split("."):
        while shape.type_name == "list":
            shape = shape.member
        shape = shape.value if shape.type_name == "map" else shape.members[name]
    return shape


def made() -> dict[tuple[str, str], list[walk.Module]]:
    found: dict[tuple[str, str], list[walk.Module]] = {}
    for module in MODULES:
        for call in module.calls:
            found.setdefault(call, []).append(module)
    return found


def test_every_use_of_a_client_can_be_read() -> None:
    assert [use for module in MODULES for use in module.unread] == []


def test_the_list_names_the_calls_that_the_code_makes_and_no_others() -> None:
    assert set(made()) == set(CALLS)


@pytest.mark.parametrize("call", CALLS, ids="-".join)
def test_the_list_names_the_parameters_that_the_code_sends_and_no_others(call: tuple[str, str]) -> None:
    sent = set().union(*(module.calls[call] for module in made()[call]))
    listed = set(CALLS[call].get("sends", {}))
    if any(call in module.open_ended for module in made()[call]):
        assert sent <= listed
    else:
        assert sent == listed


@pytest.mark.parametrize("call", CALLS, ids="-".join)
def test_requests_are_valid(call: tuple[str, str]) -> None:
    report = ParamValidator().validate(CALLS[call].get("sends", {}), _input(call))
    assert not report.has_errors(), report.generate_report()


def _input(call: tuple[str, str]) -> Any:
    shape = operation_model(*call).input_shape
    return shape or botocore.model.StructureShape("None", {"type": "structure", "members": {}})


@pytest.mark.parametrize("call", CALLS, ids="-".join)
def test_what_is_read_is_in_the_answer(call: tuple[str, str]) -> None:
    answer = operation_model(*call).output_shape
    for path in CALLS[call].get("reads", []):
        assert shape_of(answer, path) is not None


@pytest.mark.parametrize("call", CALLS, ids="-".join)
def test_refusals_are_the_models(call: tuple[str, str]) -> None:
    modelled = {shape.error_code or shape.name for shape in operation_model(*call).error_shapes}
    modelled |= {shape.name for shape in operation_model(*call).error_shapes}
    of_service = {shape.name for shape in model(call[0]).error_shapes}
    for code in CALLS[call].get("errors", []):
        assert code in modelled | COMMON or (call[0] == "s3" and code in of_service)


def words(value: Any) -> Iterator[str]:
    """Every parameter's name, however deep."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_reads_what_the_list_says(module: walk.Module) -> None:
    rows = [CALLS[call] for call in module.calls]
    known = {word for row in rows for path in row.get("reads", []) for word in path.split(".")}
    known |= {word for row in rows for word in words(row.get("sends", {}))} | OTHER.get(module.name, set())
    assert module.keys - known == set()


@pytest.mark.parametrize("call", CALLS, ids="-".join)
def test_nothing_is_listed_that_nobody_reads(call: tuple[str, str]) -> None:
    asked = set().union(*(module.strings for module in made()[call]))
    listed = {word for path in CALLS[call].get("reads", []) for word in path.split(".")}
    assert listed - asked == set()
    compared = set().union(*(module.compared for module in made()[call]))
    assert set(CALLS[call].get("errors", [])) - compared == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_refusal_that_is_understood_is_listed(module: walk.Module) -> None:
    listed = {code for call in module.calls for code in CALLS[call].get("errors", [])}
    assert module.compared - listed <= COMMON


SEEN = """
class Thing:
    @property
    def _api(self):
        return self.account.client("ec2")

    def look(self):
        self._api.describe_vpcs(VpcIds=[])
        return self._api.get_paginator("describe_subnets").paginate(SubnetIds=[])

def later(account, **more):
    api, name = account.client("rds"), "x"
    pages = api.get_paginator("describe_db_clusters")
    return pages.paginate(Filters=[]), api.stop_db_cluster(**more)
"""


def test_the_walk_sees_every_way_of_calling() -> None:
    module = walk.walk(SEEN, "seen.py")
    assert dict(module.calls) == {
        ("ec2", "describe_vpcs"): {"VpcIds"},
        ("ec2", "describe_subnets"): {"SubnetIds"},
        ("rds", "describe_db_clusters"): {"Filters"},
        ("rds", "stop_db_cluster"): set(),
    }
    assert module.open_ended == {("rds", "stop_db_cluster")}
    assert module.unread == []


@pytest.mark.parametrize(
    "line",
    [
        "getattr(account.client('ec2'), name)()",
        "account.client(service).describe_vpcs()",
        "hand_on(account.client('ec2'))",
        "account.client('ec2').get_paginator(name)",
    ],
)
def test_the_walk_complains_of_what_it_cannot_read(line: str) -> None:
    assert walk.walk(f"def f(account, name, service):\n    {line}\n", "odd.py").unread

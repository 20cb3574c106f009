"""Refuse what AWS refuses and MiniStack lets through.

Undefined references, unknown parameters, key pairs that do not exist, unknown and missing
properties, resource types that nothing stands behind, buckets deleted with objects in
them. Wordings are AWS's own where they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control.supported import TYPES

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "services.cloudformation.changesets._parse_template",
    "services.cloudformation.changesets._resolve_parameters",
    "services.cloudformation.changesets.validate_template_support",
    "services.cloudformation.engine._intrinsic_references",
    "services.cloudformation.handlers._parse_template",
    "services.cloudformation.handlers._resolve_parameters",
    "services.cloudformation.handlers.validate_template_support",
    "services.cloudformation.provisioners._RESOURCE_HANDLERS",
    "services.cloudformation.stacks._provision_resource",
    "services.cloudformation.stacks._update_resource",
    "services.ec2._key_pairs",
    "services.s3._bucket_has_versions",
    "services.s3._buckets",
    "services.s3._delete_bucket",
)
Template = dict[str, Any]
_KEY_NAME = "AWS::EC2::KeyPair::KeyName"
_BUCKET = "AWS::S3::Bucket"


def install(_context: Context) -> None:
    """Wrap MiniStack's checks with ours."""
    from ministack.services.cloudformation import changesets, handlers, stacks

    for module in (handlers, changesets):
        module._parse_template = _parsing(module._parse_template)
        module._resolve_parameters = _resolving(module._resolve_parameters)
        module.validate_template_support = _validating(module.validate_template_support)
    stacks._provision_resource = _provisioning(stacks._provision_resource)
    stacks._update_resource = _updating(stacks._update_resource)
    _keep_full_buckets()


def _parsing(original: Callable[[str], Template]) -> Callable[[str], Template]:
    import yaml

    def parse(text: str) -> Template:
        try:
            return original(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
            raise ValueError(f"YAML not well-formed.{where}") from error

    return parse


def _resolving(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import ec2

    def resolve(template: Template, provided: list[dict[str, Any]], *rest: Any) -> Any:
        declared = template.get("Parameters") or {}
        unknown = [entry["Key"] for entry in provided if entry.get("Key") not in declared]
        if unknown:
            raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        values = original(template, provided, *rest)
        for name, entry in values.items():
            if entry.get("Type") == _KEY_NAME and entry["Value"] not in ec2._key_pairs:
                raise ValueError(
                    f"Parameter validation failed: parameter value {entry['Value']} for parameter name "
                    f"{name} does not exist"
                )
        return values

    return resolve


def _validating(original: Callable[..., None]) -> Callable[..., None]:
    def validate(template: Template, conditions: dict[str, bool], *rest: Any, **more: Any) -> None:
        check_references(template)
        original(template, conditions, *rest, **more)
        kinds = {resource.get("Type", "") for resource in template["Resources"].values()}
        if beyond := sorted(kinds - set(TYPES)):
            raise ValueError(f"The sandbox does not do these resource types: [{', '.join(beyond)}]")

    return validate


def check_references(template: Template) -> None:
    """Refuse references to what the template does not hold.

    Raises
    ------
    ValueError
        In CloudFormation's words.
    """
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValueError("Template format error: At least one Resources member must be defined.")
    for name, resource in resources.items():
        if not isinstance(resource, dict):
            message = f"Template format error: [/Resources/{name}] resource definition is malformed"
            raise ValueError(message)  # noqa: TRY004 - what MiniStack turns into a ValidationError
        if "Type" not in resource:
            raise ValueError(
                f"Template format error: [/Resources/{name}] "
                "Every Resources object must contain a Type member."
            )
    known = {*resources, *(template.get("Parameters") or {})}
    for section in ("Resources", "Outputs"):
        missing = sorted({name for name in _named(template.get(section) or {}) if name not in known})
        if missing:
            raise ValueError(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] "
                f"in the {section} block of the template"
            )


def _named(section: dict[str, Any]) -> Iterator[str]:
    """Logical names that a section refers to, in ``Ref``, ``Fn::GetAtt``, ``Fn::Sub`` and ``DependsOn``."""
    from ministack.services.cloudformation.engine import _intrinsic_references

    for member in section.values():
        for name, _attribute in _intrinsic_references(member):
            if not name.startswith("AWS::"):
                yield name
        after = member.get("DependsOn", []) if isinstance(member, dict) else []
        yield from [after] if isinstance(after, str) else after


def _provisioning(original: Callable[..., Any]) -> Callable[..., Any]:
    def provision(resource_type: str, logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        check_properties(resource_type, props)
        return original(resource_type, logical_id, props, stack_name)

    return provision


def _updating(original: Callable[..., Any]) -> Callable[..., Any]:
    def update(resource_type: str, physical_id: str, old: Any, new: dict[str, Any], *rest: Any) -> Any:
        check_properties(resource_type, new)
        return original(resource_type, physical_id, old, new, *rest)

    return update


def check_properties(resource_type: str, props: dict[str, Any]) -> None:
    """Refuse properties that the type lacks, and the lack of those it requires.

    Raises
    ------
    ValueError
        In CloudFormation's words.
    """
    shape = TYPES.get(resource_type)
    if shape is None:
        return
    for name in sorted(set(props) - shape.known):
        raise ValueError(f"Encountered unsupported property {name}")
    for name in sorted(shape.required - set(props)):
        raise ValueError(f"Property {name} cannot be empty.")


def _keep_full_buckets() -> None:
    """Deleting a stack does not empty its buckets: CloudFormation fails on a full one."""
    from ministack.services import s3
    from ministack.services.cloudformation import provisioners

    def delete(name: str, _props: dict[str, Any]) -> None:
        bucket = s3._buckets.get(name)
        if bucket is None:
            return
        if bucket["objects"] or s3._bucket_has_versions(name):
            raise ValueError(
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
                f"(Service: Amazon S3; Status Code: 409; Error Code: BucketNotEmpty; Bucket: {name})"
            )
        s3._delete_bucket(name)

    provisioners._RESOURCE_HANDLERS[_BUCKET] = {**provisioners._RESOURCE_HANDLERS[_BUCKET], "delete": delete}

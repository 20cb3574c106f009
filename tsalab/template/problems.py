"""What CloudFormation would refuse in a template, found in milliseconds, with line and column.

These checks know the mistakes that editing by hand makes: indentation, a block in the wrong
section, a name misspelt. `lint` asks ``cfn-lint``, which knows every property of every type
and takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tsalab.errors import TemplateError
from tsalab.template import fragments
from tsalab.template.document import Document, get, pairs
from tsalab.template.problem import Problem, at, suggestion
from tsalab.template.references import reference_problems
from tsalab.template.syntax import syntax_problem

__all__ = ["Problem", "lint", "problems"]

_SECTIONS = (
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
)
_ATTRIBUTES = (
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
)
_MOVE = "Move it to the other resources, between CFDistribution and Outputs, indented like them."


def problems(document: Document) -> list[Problem]:
    """Every problem found, in the order of the file; only the first when the text is not YAML."""
    broken = syntax_problem(document)
    if broken is not None:
        return [broken]
    root = document.root
    if not isinstance(root, MappingNode):
        assert root is not None  # noqa: S101 - an empty file is a syntax problem
        what = "The file is not a template."
        return [at(root, what, "A template is made of sections such as Resources.", "Open infra.yml.")]
    found = [
        *_shared(root, set()),
        *_sections(root),
        *_resources(root),
        *_outputs(root),
        *reference_problems(root),
        *_misplaced_policy(root),
    ]
    return sorted(set(found))


def _shared(node: Node, seen: set[int]) -> Iterator[Problem]:
    """Duplicate keys and aliases, anywhere."""
    if id(node) in seen:
        yield at(
            node,
            "This value is used again by a YAML alias.",
            "CloudFormation takes no aliases.",
            "Write the value out where it is used.",
        )
        return
    seen.add(id(node))
    if isinstance(node, MappingNode):
        names: dict[str, int] = {}
        for name, key, value in pairs(node):
            if name in names:
                yield at(
                    key,
                    f"{name} is there twice.",
                    f"Line {names[name]} has it already, and CloudFormation takes one of a name.",
                    "Delete one of the two.",
                )
            names.setdefault(name, key.start_mark.line + 1)
            yield from _shared(value, seen)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _shared(item, seen)


def _sections(root: MappingNode) -> Iterator[Problem]:
    for name, key, value in pairs(root):
        if name in _SECTIONS:
            continue
        if get(value, "Type") is not None:
            yield at(key, f"{name} stands outside of every section.", "It is not indented.", _MOVE)
        else:
            otherwise = f"The sections are {', '.join(_SECTIONS)}."
            why = "CloudFormation has no such section."
            yield at(key, f"{name} is not a section.", why, suggestion(name, _SECTIONS, otherwise))
    resources = get(root, "Resources")
    if not isinstance(resources, MappingNode) or not resources.value:
        why = "A template needs at least one resource."
        yield at(resources or root, "There are no Resources.", why, "Open lab 3's infra.yml and begin there.")


def _resources(root: MappingNode) -> Iterator[Problem]:
    for name, key, value in pairs(get(root, "Resources")):
        if not isinstance(value, MappingNode):
            why = "A resource has a Type and Properties, indented below its name."
            yield at(
                key, f"{name} is empty.", why, "Indent the lines that belong to it further than its name."
            )
            continue
        yield from _type(name, key, value)
        for attribute, attribute_key, inner in pairs(value):
            if attribute not in _ATTRIBUTES:
                yield _attribute(name, attribute, attribute_key, inner)
        properties = get(value, "Properties")
        if properties is not None and not isinstance(properties, MappingNode):
            why = "The properties are indented below that line."
            yield at(properties, f"The Properties of {name} are empty.", why, "Indent the lines below it.")


def _type(name: str, key: Node, resource: MappingNode) -> Iterator[Problem]:
    found = get(resource, "Type")
    if found is None:
        why = "CloudFormation cannot know what to create."
        yield at(key, f"{name} has no Type.", why, f"Add a line Type: AWS::… below {name}.")
    elif not isinstance(found, ScalarNode) or "::" not in found.value:
        why = "A type is a text such as AWS::RDS::DBCluster."
        yield at(found, f"The Type of {name} is not a type.", why, "Write the type the lab names.")


def _attribute(name: str, attribute: str, key: Node, value: Node) -> Problem:
    empty = isinstance(value, ScalarNode) and not value.value
    if empty or get(value, "Type") is not None:
        why = f"It is indented further than {name}, so it counts as a part of it."
        return at(key, f"{attribute} stands inside {name}.", why, _MOVE)
    why = "It may belong below Properties, two spaces further."
    otherwise = "Indent it below Properties, or take it out."
    return at(
        key, f"{attribute} is no attribute of {name}.", why, suggestion(attribute, _ATTRIBUTES, otherwise)
    )


def _outputs(root: MappingNode) -> Iterator[Problem]:
    for name, key, value in pairs(get(root, "Outputs")):
        if get(value, "Value") is not None:
            continue
        if get(value, "Type") is not None:
            why = "It stands below the line Outputs: and counts as an output."
            yield at(key, f"{name} is a resource under Outputs.", why, _MOVE)
        else:
            yield at(key, f"The output {name} has no Value.", "An output shows one.", "Add a line Value: …")


def _misplaced_policy(root: MappingNode) -> Iterator[Problem]:
    role, policy = fragments.ROLE, fragments.POLICY
    for name, _, resource in pairs(get(root, "Resources")):
        policies = get(resource, "Properties", "Policies")
        for item in policies.value if isinstance(policies, SequenceNode) else []:
            found = get(item, "PolicyName")
            if name != role and isinstance(found, ScalarNode) and found.value == policy:
                yield at(
                    found,
                    f"The policy {policy} is in {name}.",
                    f"The web server has the role {role}, so it could not read the secret.",
                    f"Move it to {role}, directly above its RoleName.",
                )


def lint(text: str, regions: Sequence[str] = ("us-east-1",)) -> list[Problem]:
    """What ``cfn-lint`` finds in a template: errors and warnings, in the order of the file.

    Parameters
    ----------
    text
        The template.
    regions
        Where it is to be created; a type may not exist everywhere.

    Raises
    ------
    TemplateError
        When ``cfn-lint`` is not installed.
    """
    try:
        from cfnlint.api import lint as check
    except ImportError as error:
        raise TemplateError.no_linter() from error
    found = [
        Problem(
            match.linenumber,
            match.columnnumber,
            match.message,
            f"cfn-lint's rule {match.rule.id}: {match.rule.shortdesc}.",
            f"See {match.rule.source_url}." if match.rule.source_url else "Compare it with the lab's text.",
        )
        for match in check(text, regions=list(regions))
    ]
    return sorted(set(found))

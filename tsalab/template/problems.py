"""What CloudFormation would refuse in a template, found in milliseconds, with line and column.

These checks know the mistakes that editing by hand makes: indentation, a block in the wrong
section, a name misspelt. `lint` asks ``cfn-lint``, which knows every property of every type
and takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tsalab.errors import TemplateError
from tsalab.messages import error, say
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
_POLICY_KEYS = frozenset({"PolicyName", "PolicyDocument"})


def problems(document: Document) -> list[Problem]:
    """Every problem found, in the order of the file; only the first when the text is not YAML."""
    broken = syntax_problem(document)
    if broken is not None:
        return [broken]
    root = document.root
    if not isinstance(root, MappingNode):
        assert root is not None  # noqa: S101 - an empty file is a syntax problem
        return [at(root, **error("template.problem.no_template"))]
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
        yield at(node, **error("template.problem.alias"))
        return
    seen.add(id(node))
    if isinstance(node, MappingNode):
        names: dict[str, int] = {}
        for name, key, value in pairs(node):
            if name in names:
                next_step = _of_two(name, names[name], key.start_mark.line + 1)
                yield at(key, **error("template.problem.twice", name=name, line=names[name], next=next_step))
            names.setdefault(name, key.start_mark.line + 1)
            yield from _shared(value, seen)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _shared(item, seen)


def _of_two(name: str, first: int, second: int) -> str:
    if name in _POLICY_KEYS:  # two policies that became one, for want of a dash between them
        return say("finding.dash", line=second)
    return say("finding.once", name=name, lines=f"{first}, {second}")


def _sections(root: MappingNode) -> Iterator[Problem]:
    for name, key, value in pairs(root):
        if name in _SECTIONS:
            continue
        if get(value, "Type") is not None:
            move = say("template.problem.move")
            yield at(key, **error("template.problem.outside", name=name, next=move))
        else:
            otherwise = say("template.problem.sections", known=", ".join(_SECTIONS))
            nearest = suggestion(name, _SECTIONS, otherwise)
            yield at(key, **error("template.problem.no_section", name=name, next=nearest))
    resources = get(root, "Resources")
    if not isinstance(resources, MappingNode) or not resources.value:
        yield at(resources or root, **error("template.problem.no_resources"))


def _resources(root: MappingNode) -> Iterator[Problem]:
    for name, key, value in pairs(get(root, "Resources")):
        if not isinstance(value, MappingNode):
            yield at(key, **error("template.problem.empty", name=name))
            continue
        yield from _type(name, key, value)
        for attribute, attribute_key, inner in pairs(value):
            if attribute not in _ATTRIBUTES:
                yield _attribute(name, attribute, attribute_key, inner)
        properties = get(value, "Properties")
        if properties is not None and not isinstance(properties, MappingNode):
            yield at(properties, **error("template.problem.no_properties", name=name))


def _type(name: str, key: Node, resource: MappingNode) -> Iterator[Problem]:
    found = get(resource, "Type")
    if found is None:
        yield at(key, **error("template.problem.no_type", name=name))
    elif not isinstance(found, ScalarNode) or "::" not in found.value:
        yield at(found, **error("template.problem.bad_type", name=name))


def _attribute(name: str, attribute: str, key: Node, value: Node) -> Problem:
    empty = isinstance(value, ScalarNode) and not value.value
    if empty or get(value, "Type") is not None:
        move = say("template.problem.move")
        return at(key, **error("template.problem.inside", attribute=attribute, name=name, next=move))
    nearest = suggestion(attribute, _ATTRIBUTES, say("template.problem.no_attribute.otherwise"))
    return at(key, **error("template.problem.no_attribute", attribute=attribute, name=name, next=nearest))


def _outputs(root: MappingNode) -> Iterator[Problem]:
    for name, key, value in pairs(get(root, "Outputs")):
        if get(value, "Value") is not None:
            continue
        if get(value, "Type") is not None:
            move = say("template.problem.move")
            yield at(key, **error("template.problem.under_outputs", name=name, next=move))
        else:
            yield at(key, **error("template.problem.no_value", name=name))


def _misplaced_policy(root: MappingNode) -> Iterator[Problem]:
    role, policy = fragments.ROLE, fragments.POLICY
    for name, _, resource in pairs(get(root, "Resources")):
        policies = get(resource, "Properties", "Policies")
        for item in policies.value if isinstance(policies, SequenceNode) else []:
            found = get(item, "PolicyName")
            if name != role and isinstance(found, ScalarNode) and found.value == policy:
                yield at(found, **error("template.problem.wrong_role", policy=policy, name=name, role=role))


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
            say("template.problem.lint.rule", id=match.rule.id, about=match.rule.shortdesc),
            say("template.problem.lint.see", url=match.rule.source_url)
            if match.rule.source_url
            else say("template.problem.compare"),
        )
        for match in check(text, regions=list(regions))
    ]
    return sorted(set(found))

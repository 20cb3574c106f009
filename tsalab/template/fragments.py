"""The blocks that the lab adds to infra.yml, and where they go.

Their text is in ``templates/fragments/<variant>/<name>.yml``: resources indented by two, the
policy by eight. ``as-written`` is the lab as its author wrote it; ``current`` is what AWS
accepts today, and holds only what differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tsalab.errors import TemplateError
from tsalab.resources import VARIANTS, quoted
from tsalab.template.document import Block, Document

# The lab's resources go between CFDistribution and Outputs, in this order whatever the order of adding.
ORDER = (
    "CFDistribution",
    "DatabaseSubnetGroup",
    "DatabaseSecret",
    "DatabaseSecretAttachment",
    "DatabaseCluster",
    "DatabaseInstance",
)
ROLE = "ServerRole"
POLICY = "ReadSecrets"


@dataclass(frozen=True)
class Fragment:
    """One block of the lab.

    Attributes
    ----------
    name
        As in ``templates/fragments``.
    step
        The lab's step that adds it.
    policy
        Whether it is an item for the list of `ROLE`'s policies; else it is resources.
    """

    name: str
    step: int
    policy: bool = False


FRAGMENTS: dict[str, Fragment] = {
    fragment.name: fragment
    for fragment in (
        Fragment("database-subnet-group", 2),
        Fragment("database-secret", 3),
        Fragment("database-cluster", 4),
        Fragment("read-secrets-policy", 5, policy=True),
    )
}


def fragment(name: str) -> Fragment:
    """Fragment of a name.

    Raises
    ------
    TemplateError
        When there is none.
    """
    if name not in FRAGMENTS:
        raise TemplateError.unknown_fragment(name, FRAGMENTS)
    return FRAGMENTS[name]


@cache
def text(name: str, variant: str) -> str:
    """The fragment as the lab quotes it.

    Raises
    ------
    TemplateError
        When there is no such fragment or variant.
    """
    if variant not in VARIANTS:
        raise TemplateError.unknown_variant(name, variant, VARIANTS)
    return quoted(f"{fragment(name).name}.yml", variant)


@cache
def document(name: str, variant: str) -> Document:
    """The fragment inside the section or key it belongs to, so that it can be read as a template."""
    head = "      Policies:\n" if fragment(name).policy else "Resources:\n"
    return Document(head + text(name, variant))


@cache
def blocks(name: str, variant: str) -> tuple[Block, ...]:
    """The fragment's resources in order, or its policy as the only block."""
    parsed = document(name, variant)
    root = parsed.root
    assert root is not None  # noqa: S101 - our own file, held by a test
    (outer,) = parsed.entries(root, len(parsed.lines))
    return tuple(parsed.entries(outer.value, outer.end))


def lines(name: str, variant: str, block: Block) -> list[str]:
    """Lines of one of the fragment's blocks."""
    return document(name, variant).lines[block.first : block.end]

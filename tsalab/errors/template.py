"""infra.yml."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error, say

_TEMPLATES = (".yml", ".yaml", ".template", ".json", ".txt")


class TemplateError(TsalabError):
    """infra.yml cannot be read or edited."""

    @classmethod
    def unknown_fragment(cls, name: str, known: Iterable[str]) -> Self:
        """A block that the lab does not have."""
        return cls(**error("template.unknown_fragment", name=name, known=", ".join(known)))

    @classmethod
    def unknown_variant(cls, name: str, variant: str, known: Iterable[str]) -> Self:
        """A block that is not written in this variant."""
        return cls(**error("template.unknown_variant", name=name, variant=variant, known=", ".join(known)))

    @classmethod
    def not_yaml(cls, line: int | None) -> Self:
        """A text that cannot be edited, because it cannot be read."""
        what = (
            say("template.not_yaml.at_all") if line is None else say("template.not_yaml.from_line", line=line)
        )
        return cls(**error("template.not_yaml", what=what))

    @classmethod
    def no_place(cls, where: str) -> Self:
        """No block of that name, written over lines, to add to."""
        return cls(**error("template.no_place", where=where))

    @classmethod
    def differs(cls, name: str, saw: str, expected: str, line: int | None) -> Self:
        """A block that is there already, but not as the lab has it: never overwritten."""
        what = (
            say("template.differs.somewhere", name=name, saw=saw)
            if line is None
            else say("template.differs.at_line", name=name, saw=saw, line=line)
        )
        return cls(**error("template.differs", what=what, expected=expected))

    @classmethod
    def unreadable(cls, path: object, reason: str) -> Self:
        """A file that cannot be opened."""
        return cls(**error("template.unreadable", path=path, reason=reason))

    @classmethod
    def unwritable(cls, path: object, reason: str) -> Self:
        """A file that cannot be written; the old one is untouched."""
        return cls(**error("template.unwritable", path=path, reason=reason))

    @classmethod
    def not_utf8(cls, name: str, line: int) -> Self:
        """Bytes that are not text in UTF-8."""
        return cls(**error("template.not_utf8", name=name, line=line))

    @classmethod
    def too_large(cls, name: str, limit: int) -> Self:
        """More than CloudFormation takes."""
        return cls(**error("template.too_large", name=name, limit=limit))

    @classmethod
    def not_a_zip(cls, name: str, *, plain: bool) -> Self:
        """A file that only calls itself a zip (`plain`: it is a template), or a damaged one."""
        why = say("template.not_a_zip.plain" if plain else "template.not_a_zip.damaged")
        return cls(**error("template.not_a_zip", name=name, why=why))

    @classmethod
    def encrypted_zip(cls, name: str) -> Self:
        """A zip with a password."""
        return cls(**error("template.encrypted_zip", name=name))

    @classmethod
    def not_in_zip(cls, name: str, member: str, found: Iterable[str]) -> Self:
        """A zip whose top level does not have exactly one template of the right name."""
        names = list(found)
        listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        inside = next((n.rpartition("/")[0] for n in names if n.endswith(f"/{member}")), "")
        other = next((n for n in names if n.endswith(_TEMPLATES) and "/" not in n and n != member), "")
        if inside:
            next_step = say("template.not_in_zip.folder", member=member, folder=inside)
        elif other and member not in names:
            next_step = say("template.not_in_zip.other", member=member, other=other)
        else:
            next_step = say("template.not_in_zip.itself", member=member)
        return cls(
            **error(
                "template.not_in_zip",
                name=name,
                member=member,
                found=listed or say("template.not_in_zip.nothing"),
                next=next_step,
            )
        )

    @classmethod
    def no_linter(cls) -> Self:
        """cfn-lint is an extra."""
        return cls(**error("template.no_linter"))

    @classmethod
    def broken(cls, line: int, column: int, what: str, why: str, next_step: str) -> Self:
        """The template has a problem at a place."""
        return cls(**error("template.broken", line=line, column=column, what=what, why=why, next=next_step))

    @classmethod
    def never_uploaded(cls, bucket: str, key: str) -> Self:
        """The pipeline has no template to start from."""
        return cls(**error("template.never_uploaded", bucket=bucket, key=key))

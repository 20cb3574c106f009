"""infra.yml."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError


class TemplateError(TsalabError):
    """infra.yml cannot be read or edited."""

    @classmethod
    def unknown_fragment(cls, name: str, known: Iterable[str]) -> Self:
        """A block that the lab does not have."""
        return cls(
            f"The lab has no block {name!r}.",
            "The name is not one of its fragments.",
            f"Use one of: {', '.join(known)}.",
        )

    @classmethod
    def unknown_variant(cls, name: str, variant: str, known: Iterable[str]) -> Self:
        """A block that is not written in this variant."""
        return cls(
            f"The block {name} has no variant {variant!r}.",
            "There is no such text among the fragments.",
            f"Use one of: {', '.join(known)}.",
        )

    @classmethod
    def not_yaml(cls, line: int | None) -> Self:
        """A text that cannot be edited, because it cannot be read."""
        where = "" if line is None else f", from line {line} on"
        return cls(
            f"infra.yml cannot be read as YAML{where}.",
            "The indentation, a quote or a bracket is wrong there or in the line above.",
            "Mend that line, then run the cell again.",
        )

    @classmethod
    def no_place(cls, where: str) -> Self:
        """No block of that name, written over lines, to add to."""
        return cls(
            f"infra.yml has no place for the block: {where} is missing, or not written over lines.",
            "The lab's blocks are added to the template that lab 3 left.",
            f"Bring {where} back as lab 3 has it, or add the block by hand.",
        )

    @classmethod
    def differs(cls, name: str, saw: str, expected: str, line: int | None) -> Self:
        """A block that is there already, but not as the lab has it: never overwritten."""
        where = "" if line is None else f" (line {line})"
        return cls(
            f"infra.yml has the block {name} already, but it differs{where}: {saw}.",
            f"The lab expects: {expected}. Your own edits are never overwritten.",
            "Change it, or delete the block, and run the cell again.",
        )

    @classmethod
    def unreadable(cls, path: object, reason: str) -> Self:
        """A file that cannot be opened."""
        return cls(f"{path} cannot be read.", f"{reason}.", "Check the name and the folder.")

    @classmethod
    def unwritable(cls, path: object, reason: str) -> Self:
        """A file that cannot be written; the old one is untouched."""
        return cls(
            f"{path} cannot be written.",
            f"{reason}. The file is as it was before.",
            "Make room, or make the folder writable, and run the cell again.",
        )

    @classmethod
    def not_utf8(cls, name: str, line: int) -> Self:
        """Bytes that are not text in UTF-8."""
        return cls(
            f"{name} is not UTF-8 text: line {line} is the first that cannot be read.",
            "An editor saved it in another encoding.",
            "Save it as UTF-8.",
        )

    @classmethod
    def too_large(cls, name: str, limit: int) -> Self:
        """More than CloudFormation takes."""
        return cls(
            f"{name} is larger than {limit:,} bytes.",
            "CloudFormation takes no template of that size.",
            "Check that it is the template, and not another file.",
        )

    @classmethod
    def not_a_zip(cls, name: str) -> Self:
        """A file that only calls itself a zip, or a damaged one."""
        return cls(
            f"{name} cannot be read as a zip file.",
            "It is damaged, or was made with another program and renamed.",
            "Zip infra.yml again, and upload that.",
        )

    @classmethod
    def encrypted_zip(cls, name: str) -> Self:
        """A zip with a password."""
        return cls(
            f"{name} is encrypted.", "The pipeline has no password for it.", "Zip infra.yml without one."
        )

    @classmethod
    def not_in_zip(cls, name: str, member: str, found: Iterable[str]) -> Self:
        """A zip whose top level does not have exactly one template of the right name."""
        names = list(found)
        listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "") if names else "nothing"
        return cls(
            f"{name} does not have one {member} at its top level.",
            f"It holds {listed}, and the pipeline reads {member} and nothing else.",
            f"Zip the file {member} itself, not the folder it is in.",
        )

    @classmethod
    def no_linter(cls) -> Self:
        """cfn-lint is an extra."""
        return cls(
            "cfn-lint is not installed.",
            "Only the tests need it, so it does not come with the lab.",
            "Run: pip install cfn-lint",
        )

    @classmethod
    def broken(cls, line: int, column: int, what: str, why: str, next_step: str) -> Self:
        """The template has a problem at a place."""
        return cls(f"infra.yml, line {line}, column {column}: {what}", why, next_step)

    @classmethod
    def never_uploaded(cls, bucket: str, key: str) -> Self:
        """The pipeline has no template to start from."""
        return cls(
            "There is no template to begin with.",
            f"Nothing lies in s3://{bucket}/{key}, where lab 3 uploaded it.",
            "Put the infra.yml of lab 3 into your working folder and run the step again.",
        )

"""Step records and the journal."""

from __future__ import annotations

from typing import Self

from tsalab.errors.base import TsalabError


class RecordError(TsalabError):
    """A step record or journal is unreadable."""

    @classmethod
    def malformed(cls, source: str, field: str, rule: str) -> Self:
        """A record that is not as the schema says."""
        return cls(
            f"In {source}, {field} is not as a step record has it.",
            f"It does not keep the schema's rule '{rule}' (tsalab/records/schema.json).",
            "Run the step again: the notebook writes a new record.",
        )

    @classmethod
    def not_json(cls, place: str, reason: str) -> Self:
        """A value that cannot be written as JSON and read back the same."""
        return cls(
            f"{place} cannot be written into a step record.",
            f"{reason[:1].upper()}{reason[1:]}.",
            "Give it as text, or leave it out of the record.",
        )

    @classmethod
    def altered(cls, source: str, step: int | str) -> Self:
        """A record whose hash is not that of its content."""
        return cls(
            f"The record of step {step} in {source} was changed after it was written.",
            "Its hash is not that of its content.",
            "Run the step again: the notebook writes a new record.",
        )

    @classmethod
    def broken_chain(cls, source: str) -> Self:
        """A record that does not follow the one before it."""
        return cls(
            f"The journal's chain is broken at {source}.",
            "That record does not hold the hash of the one before it: a line was removed, added or moved.",
            "Put the journal back from a copy, or move it away and run the lab again.",
        )

    @classmethod
    def unreadable_line(cls, source: str) -> Self:
        """A journal line, not the last, that is no JSON."""
        return cls(
            f"The journal cannot be read at {source}.",
            "The line is no JSON; something other than the lab wrote to the file.",
            "Put the journal back from a copy, or move it away and run the lab again.",
        )

    @classmethod
    def shortened(cls, path: object) -> Self:
        """A journal that lost lines while it was open."""
        return cls(
            f"The journal {path} became shorter while it was open.",
            "Something other than the lab cut or replaced the file.",
            "Put the journal back from a copy, or move it away and run the lab again.",
        )

    @classmethod
    def unwritable(cls, path: object, reason: str) -> Self:
        """A journal that the disk does not take."""
        return cls(
            f"The journal {path} cannot be written.",
            f"The system says: {reason}.",
            "Make room on the disk, or make the folder writable, and run the step again.",
        )

    @classmethod
    def no_notebook(cls, path: object, reason: str) -> Self:
        """A file that is no executed notebook."""
        return cls(
            f"{path} cannot be read as a notebook.",
            f"{reason[:1].upper()}{reason[1:]}.".replace("..", "."),
            "Give the path of an executed .ipynb file.",
        )

    @classmethod
    def secret(cls, place: str) -> Self:
        """A secret on its way into something written."""
        return cls(
            f"{place} would hold a secret, so it was not written.",
            "A password or key of this lab stands in it; records and outputs are handed in and shared.",
            "Show the secret's name or a digest instead of its value.",
        )

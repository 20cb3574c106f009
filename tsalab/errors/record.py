"""Step records and the journal."""

from __future__ import annotations

from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class RecordError(TsalabError):
    """A step record or journal is unreadable."""

    @classmethod
    def malformed(cls, source: str, field: str, rule: str) -> Self:
        """A record that is not as the schema says."""
        return cls(**error("record.malformed", source=source, field=field, rule=rule))

    @classmethod
    def not_json(cls, place: str, reason: str) -> Self:
        """A value that cannot be written as JSON and read back the same."""
        return cls(**error("record.not_json", place=place, reason=_sentence(reason)))

    @classmethod
    def altered(cls, source: str, step: int | str) -> Self:
        """A record whose hash is not that of its content."""
        return cls(**error("record.altered", step=step, source=source))

    @classmethod
    def broken_chain(cls, source: str) -> Self:
        """A record that does not follow the one before it."""
        return cls(**error("record.broken_chain", source=source))

    @classmethod
    def unreadable_line(cls, source: str) -> Self:
        """A journal line, not the last, that is no JSON."""
        return cls(**error("record.unreadable_line", source=source))

    @classmethod
    def shortened(cls, path: object) -> Self:
        """A journal that lost lines while it was open."""
        return cls(**error("record.shortened", path=path))

    @classmethod
    def unwritable(cls, path: object, reason: str) -> Self:
        """A journal that the disk does not take."""
        return cls(**error("record.unwritable", path=path, reason=reason))

    @classmethod
    def no_notebook(cls, path: object, reason: str) -> Self:
        """A file that is no executed notebook."""
        return cls(**error("record.no_notebook", path=path, reason=_sentence(reason).replace("..", ".")))

    @classmethod
    def secret(cls, place: str) -> Self:
        """A secret on its way into something written."""
        return cls(**error("record.secret", place=place))


def _sentence(reason: str) -> str:
    """A reason in another's words, with a capital and a full stop."""
    return f"{reason[:1].upper()}{reason[1:]}."

"""The site."""

from __future__ import annotations

from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error, say

_EXPLAINED = frozenset({401, 403, 404, 500, 502, 503, 504})


class SiteError(TsalabError):
    """The site does not answer as it should."""

    @classmethod
    def unreachable(cls, url: str, reason: str) -> Self:
        """Nobody answers at the address."""
        return cls(**error("site.unreachable", url=url, reason=reason))

    @classmethod
    def no_answer(cls, url: str, seconds: float) -> Self:
        """No answer in time."""
        return cls(**error("site.no_answer", url=url, seconds=seconds))

    @classmethod
    def bad_status(cls, url: str, status: int, saw: str) -> Self:
        """An answer that is not the expected one."""
        why = say(f"site.bad_status.because.{status if status in _EXPLAINED else 'other'}")
        return cls(
            **error(
                "site.bad_status",
                url=url,
                status=status,
                why=say("site.bad_status.said", why=why, saw=saw) if saw else why,
            )
        )

    @classmethod
    def not_json(cls, url: str, saw: str) -> Self:
        """The API answered something else than JSON."""
        return cls(**error("site.not_json", url=url, saw=saw))

    @classmethod
    def no_load(cls, url: str, reason: str) -> Self:
        """The visitors that were to write could not begin, or are gone."""
        return cls(**error("site.no_load", url=url, reason=reason or say("site.no_load_because")))

    @classmethod
    def no_photo(cls, url: str) -> Self:
        """The gallery shows no photo that could be fetched."""
        return cls(**error("site.no_photo", url=url))

"""The site."""

from __future__ import annotations

from typing import Self

from tsalab.errors.base import TsalabError


class SiteError(TsalabError):
    """The site does not answer as it should."""

    @classmethod
    def unreachable(cls, url: str, reason: str) -> Self:
        """Nobody answers at the address."""
        return cls(
            f"The site {url} cannot be reached.",
            reason,
            "Check the address (DistributionUrl in the stack's outputs), and that it is deployed.",
        )

    @classmethod
    def no_answer(cls, url: str, seconds: float) -> Self:
        """No answer in time."""
        return cls(
            f"{url} did not answer within {seconds:g} s.",
            "The web server behind the distribution hangs, or the distribution is still being deployed.",
            "Look at `forever list` on the web server, then try again.",
        )

    @classmethod
    def bad_status(cls, url: str, status: int, saw: str) -> Self:
        """An answer that is not the expected one."""
        why = {
            502: "The distribution got no usable answer from the web server: the application is not running.",
            504: "The distribution cannot connect to the web server: it is stopped, or the application is.",
            403: "The data bucket does not have this file, or does not let the distribution in.",
            401: "The login was not accepted.",
            404: "The site does not have it.",
            503: "The application runs, but its database does not answer, or holds no gallery.",
            500: "The application failed: most often it cannot reach its database.",
        }.get(status, "It is not how a working gallery answers.")
        return cls(
            f"{url} answered {status}.",
            f"{why} It said: {saw}" if saw else why,
            "Look at `forever list` and the application's log on the web server.",
        )

    @classmethod
    def not_json(cls, url: str, saw: str) -> Self:
        """The API answered something else than JSON."""
        return cls(
            f"{url} did not answer JSON.",
            f"It began with: {saw}",
            "Check that the distribution sends api/* to the web server.",
        )

    @classmethod
    def no_photo(cls, url: str) -> Self:
        """The gallery shows no photo that could be fetched."""
        return cls(
            f"The gallery at {url} lists no photo.",
            "Its database is empty: the data was not moved, or the application uses another database.",
            "Check step 14 (the data) and the secret's name in utils/config.js.",
        )

"""The gallery's site behind its distribution."""

from __future__ import annotations

import functools
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urljoin

import httpx

from tsalab.edge.probe import Probe
from tsalab.errors import SiteError
from tsalab.messages import say

# The gallery's own administrator; lab 2 prints the password.
ADMIN = ("admin", "2happymonkeys!")

_HIT = "Hit from cloudfront"
_LOOK = 0.1  # seconds between two looks of a patient `verify`
_SAID = 200  # characters of an unexpected answer that a message quotes
OnProbe = Callable[[Probe], None]


class Site:
    """The site at one address.

    Parameters
    ----------
    url
        The distribution's address, such as the stack's output ``DistributionUrl``.
    timeout
        Seconds for one answer.
    """

    def __init__(self, url: str, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/") + "/"
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Site({self.url})"

    def health(self) -> dict[str, Any]:
        """What the app says of itself and of its database, also when it is not well.

        Raises
        ------
        SiteError
            When nobody answers, or not in JSON.
        """
        return _json(self._ask("GET", "api/health"))

    def api(self, path: str) -> dict[str, Any]:
        """JSON of ``/api/<path>``.

        Raises
        ------
        SiteError
            When the answer is no success or no JSON.
        """
        return _json(_good(self._ask("GET", f"api/{path}")))

    def page(self) -> Probe:
        """The page itself: HTML."""
        return self._probe(
            say("site.probe.page"),
            "",
            lambda answer: "<html" in answer.text.lower(),
            say("site.expected.page"),
        )

    def page_again(self) -> Probe:
        """The page a second time: from the cache."""

        def cached(answer: httpx.Response) -> bool:
            return bool(answer.headers.get("x-cache") == _HIT)

        return self._probe(say("site.probe.page_again"), "", cached, say("site.expected.cached"))

    def api_answers(self, name: str = "") -> Probe:
        """The API: JSON that no cache has kept."""

        def fresh(answer: httpx.Response) -> bool:
            kept = answer.headers.get("x-cache") == _HIT or "age" in answer.headers
            return bool(_json(answer).get("items")) and not kept

        return self._probe(name or say("site.probe.api"), "api/categories", fresh, say("site.expected.api"))

    def visit(self, name: str, number: int) -> Probe:
        """One visitor's look at the categories, whom no other visitor's answer is given.

        CloudFront keeps a failure for ten seconds for whoever asks the same, so each asks a little
        differently. An answer that never comes counts as a failure too, not as an error.

        Parameters
        ----------
        name
            What it is called.
        number
            Of the visit; no two of them may have the same.
        """
        path = f"api/categories?visit={number}"
        began = time.monotonic()
        try:
            return self._probe(
                name, path, lambda answer: bool(_json(answer).get("items")), say("site.expected.api")
            )
        except SiteError as error:
            took = (time.monotonic() - began) * 1000
            return Probe(name, urljoin(self.url, path), 0, took, None, None, False, error.what, began)

    def photo(self) -> Probe:
        """A photo that the gallery lists.

        Raises
        ------
        SiteError
            When it lists none.
        """
        listed = self.api("images").get("items") or []
        if not listed:
            raise SiteError.no_photo(self.url)

        def image(answer: httpx.Response) -> bool:
            return answer.headers.get("content-type", "").startswith("image/") and len(answer.content) > 0

        return self._probe(
            say("site.probe.photo"), str(listed[0]["url"]).lstrip("/"), image, say("site.expected.photo")
        )

    def login(self, user: str = ADMIN[0], password: str = ADMIN[1]) -> Probe:
        """A login of the administrator."""

        def accepted(answer: httpx.Response) -> bool:
            return bool((_json(answer).get("user") or {}).get("username") == user)

        body = {"username": user, "password": password}
        return self._probe(
            say("site.probe.login"),
            "api/login",
            accepted,
            say("site.expected.login", user=user),
            method="POST",
            json=body,
        )

    def verify(self, on_probe: OnProbe | None = None, *, patience: float = 0.0) -> list[Probe]:
        """Probe everything a visitor needs.

        Parameters
        ----------
        on_probe
            Called with each probe as it is made.
        patience
            Seconds, for all probes together, in which one that fails is made again: an app
            that was just restarted needs a moment, and CloudFront keeps an error for ten.

        Returns
        -------
        list of Probe
            Page, page from the cache, the API twice (never cached), a photo, a login.

        Raises
        ------
        SiteError
            When nobody answers.
        """
        found = []
        deadline = time.monotonic() + patience
        looks: tuple[Callable[[], Probe], ...] = (
            self.page,
            self.page_again,
            self.api_answers,
            lambda: self.api_answers(say("site.probe.api_again")),
            self.photo,
            self.login,
        )
        for look in looks:
            found.append(_patiently(look, deadline))
            if on_probe:
                on_probe(found[-1])
        return found

    def find(self, text: str) -> bool:
        """Whether a text is seen through the site: a category's name, or a photo that a search finds.

        Raises
        ------
        SiteError
            When the API does not answer.
        """
        if any(row.get("name") == text for row in self.api("categories").get("items", [])):
            return True
        return bool(self.api(f"images?q={quote(text, safe='')}").get("items"))

    def _probe(
        self,
        name: str,
        path: str,
        good: Callable[[httpx.Response], bool],
        expected: str,
        *,
        method: str = "GET",
        json: Any = None,
    ) -> Probe:
        began = time.monotonic()
        answer = self._ask(method, path, json=json)
        try:
            ok = answer.is_success and good(answer)
        except SiteError:
            ok = False
        kind = answer.headers.get("content-type", say("site.expected.nothing")).partition(";")[0]
        said = (
            expected
            if ok
            else say("site.expected.else", status=answer.status_code, kind=kind, expected=expected)
        )
        age = answer.headers.get("age", "")
        return Probe(
            name=name,
            url=str(answer.request.url),
            status=answer.status_code,
            milliseconds=answer.elapsed.total_seconds() * 1000,
            x_cache=answer.headers.get("x-cache"),
            age=int(age) if age.isdigit() else None,
            ok=ok,
            saw=said,
            began=began,
        )

    def _ask(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        url = urljoin(self.url, path)
        try:
            # No proxy and no netrc of the machine's: the distribution itself is asked.
            with httpx.Client(
                timeout=self._timeout, trust_env=False, follow_redirects=True, verify=trusted()
            ) as client:
                return client.request(method, url, json=json)
        except httpx.TimeoutException as error:
            raise SiteError.no_answer(url, self._timeout) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SiteError.unreachable(url, str(error) or type(error).__name__) from error


@functools.cache
def trusted() -> ssl.SSLContext:
    """The certificates that httpx trusts, loaded once: that takes longer than a local answer."""
    return httpx.create_ssl_context(trust_env=False)


def _patiently(look: Callable[[], Probe], deadline: float) -> Probe:
    """Look until the probe is good, or the deadline (monotonic) has passed."""
    while True:
        try:
            probe = look()
        except SiteError:
            if time.monotonic() >= deadline:
                raise
        else:
            # A refused login is not asked for again: the app counts the tries.
            if probe.ok or probe.status in (401, 429) or time.monotonic() >= deadline:
                return probe
        time.sleep(_LOOK)


def _good(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise SiteError.bad_status(str(answer.request.url), answer.status_code, answer.text[:_SAID])
    return answer


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        value = answer.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SiteError.not_json(str(answer.request.url), answer.text[:_SAID])
    return value

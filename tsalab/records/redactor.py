"""Secrets kept out of everything that is written: known in memory, masked or refused on the way out."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import quote, quote_plus

from tsalab.errors import RecordError

MASK = "••••••"
SHORTEST = 6
"""A shorter secret would be found inside ordinary words."""


class Redactor:
    """Holds the secrets of this run, in memory only.

    Each is also known as HTML, JSON, a URL or base64 would write it.
    """

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._count = 0

    def __repr__(self) -> str:
        return f"Redactor({self._count} secrets)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Redactor holds secrets and is not to be written anywhere")

    def add(self, secret: str) -> None:
        """Learn a secret.

        Raises
        ------
        ValueError
            When it is shorter than `SHORTEST` characters. The message does not hold it.
        """
        if len(secret) < SHORTEST:
            raise ValueError(f"a secret of {len(secret)} characters is too short to be told from other text")
        forms = {
            secret,
            html.escape(secret),
            html.escape(secret, quote=False),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            base64.b64encode(secret.encode()).decode().rstrip("="),
        }
        if not forms <= self._forms:
            self._forms |= forms
            self._count += 1

    def holds(self, text: str) -> bool:
        """Whether a secret stands in the text, in any form."""
        return any(form in text for form in self._forms)

    def mask(self, text: str) -> str:
        """Return the text with every secret replaced by dots."""
        # Longest first: a form may contain another.
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, MASK)
        return text

    def guard(self, value: object, place: str) -> None:
        """Refuse a JSON value that holds a secret, in a key or at any depth.

        Raises
        ------
        RecordError
            Naming the place, never the secret.
        """
        if isinstance(value, str):
            if self.holds(value):
                raise RecordError.secret(place)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                self.guard(str(key), place)
                self.guard(item, place if self.holds(str(key)) else f"{place}.{key}")
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                self.guard(item, f"{place}[{index}]")

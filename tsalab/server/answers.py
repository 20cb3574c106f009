"""Answer a program's questions on a terminal, and keep the answers out of what we record.

The terminal's echo is switched off, and programs that ask for passwords switch it off
themselves; still, what a program prints is scrubbed of the answers before anybody sees
it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_HIDDEN = b"***"
_TIMES = 2  # `mysql` and `git` ask once; a third time means that the answer is wrong
_WINDOW = 4096  # bytes in which a question is looked for


class AskedAgainError(Exception):
    """The same question came again and again."""


class Answers:
    """Which question (a regular expression) gets which answer.

    Parameters
    ----------
    prompts
        Regular expression to answer. It must match what was printed since the last answer.
    """

    def __init__(self, prompts: Mapping[str, str]) -> None:
        self._rules = [
            (re.compile(question.encode()), answer.encode()) for question, answer in prompts.items()
        ]
        self._given = [0] * len(self._rules)
        self._seen = b""

    def __repr__(self) -> str:
        return f"Answers({[question.pattern.decode() for question, _ in self._rules]})"

    def feed(self, data: bytes) -> bytes | None:
        """Take what the program printed; return what to type, if it asks.

        Raises
        ------
        AskedAgainError
            When an answer was evidently not accepted.
        """
        self._seen = (self._seen + data)[-_WINDOW:]
        for index, (question, answer) in enumerate(self._rules):
            if question.search(self._seen):
                self._given[index] += 1
                if self._given[index] > _TIMES:
                    raise AskedAgainError
                self._seen = b""
                return answer + b"\n"
        return None


class Scrubber:
    """Replace secrets in a stream of bytes, also where a chunk ends inside one."""

    def __init__(self, secrets: Mapping[str, str] | None) -> None:
        self._secrets = sorted(
            {secret.encode() for secret in (secrets or {}).values() if secret}, key=len, reverse=True
        )
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What may be shown now; the rest is held until it is known to be no secret."""
        if not self._secrets:
            return data
        data = self._held + data
        for secret in self._secrets:
            data = data.replace(secret, _HIDDEN)
        keep = max((_overlap(data, secret) for secret in self._secrets), default=0)
        self._held = data[len(data) - keep :]
        return data[: len(data) - keep]

    def flush(self) -> bytes:
        """What was held, at the end of the stream."""
        held, self._held = self._held, b""
        return held


def _overlap(data: bytes, secret: bytes) -> int:
    """How many bytes at the end of `data` begin `secret`."""
    for length in range(min(len(secret) - 1, len(data)), 0, -1):
        if data.endswith(secret[:length]):
            return length
    return 0

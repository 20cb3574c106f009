from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsalab.server import background
from tsalab.server.answers import Answers, AskedAgainError, Scrubber


@given(st.text("abc", max_size=60), st.text("abc", min_size=1, max_size=6), st.data())
def test_a_secret_never_passes_however_it_is_cut(text: str, secret: str, data: st.DataObject) -> None:
    raw = text.encode()
    scrubber = Scrubber({"?": secret})
    shown = b""
    while raw:
        cut = data.draw(st.integers(1, len(raw)))
        shown += scrubber.feed(raw[:cut])
        raw = raw[cut:]
    shown += scrubber.flush()
    assert secret.encode() not in shown
    assert shown.replace(b"***", b"") == text.replace(secret, "").encode() or secret in text


def test_nothing_to_hide() -> None:
    assert Scrubber(None).feed(b"abc") == b"abc"


def test_each_question_gets_its_answer() -> None:
    answers = Answers({"User: $": "me", "Pass: $": "word"})
    assert answers.feed(b"hello Us") is None
    assert answers.feed(b"er: ") == b"me\n"
    assert answers.feed(b"\nPass: ") == b"word\n"
    assert answers.feed(b"\nPass: ") == b"word\n"
    with pytest.raises(AskedAgainError):
        answers.feed(b"\nPass: ")
    assert "word" not in repr(answers)


def test_the_loop_starts_again_after_a_stop() -> None:
    async def two() -> int:
        return 2

    first = background.loop()
    assert background.call(two()) == 2
    background.stop()
    assert first.is_closed()
    assert background.call(two()) == 2

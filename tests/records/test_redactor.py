"""Secrets: masked in any form, refused in records, kept out of every representation."""

from __future__ import annotations

import base64
import html
import json
import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsalab.errors import RecordError
from tsalab.records import Redactor

SECRET = "p<a>&\"'ss w/örd+1"


@pytest.fixture
def redactor() -> Redactor:
    found = Redactor()
    found.add(SECRET)
    return found


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        html.escape(SECRET),
        html.escape(SECRET, quote=False),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        quote(SECRET),
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_every_form_is_masked(redactor: Redactor, form: str) -> None:
    text = f"before {form} after"
    assert redactor.holds(text)
    masked = redactor.mask(text)
    assert not redactor.holds(masked)
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@given(st.text(min_size=6), st.text(), st.text())
def test_nothing_masked_holds_a_secret(secret: str, before: str, after: str) -> None:
    if "•" in secret or not secret.isprintable():
        return
    redactor = Redactor()
    redactor.add(secret)
    assert secret not in redactor.mask(before + secret + after)


def test_guard_names_the_place_and_not_the_secret(redactor: Redactor) -> None:
    redactor.guard({"a": [1, None, "fine"]}, "record")
    with pytest.raises(RecordError, match=r"record\.a\[1\]") as caught:
        redactor.guard({"a": ["x", SECRET]}, "record")
    assert not redactor.holds(str(caught.value))
    with pytest.raises(RecordError, match=r"^record would hold"):
        redactor.guard({SECRET: 1}, "record")


def test_it_is_never_written(redactor: Redactor) -> None:
    assert repr(redactor) == "Redactor(1 secrets)"
    with pytest.raises(TypeError, match="not to be written"):
        pickle.dumps(redactor)


def test_the_same_secret_counts_once(redactor: Redactor) -> None:
    redactor.add(SECRET)
    assert repr(redactor) == "Redactor(1 secrets)"


def test_a_short_secret_is_refused_without_being_shown(redactor: Redactor) -> None:
    with pytest.raises(ValueError, match="3 characters") as caught:
        redactor.add("abc")
    assert "abc" not in str(caught.value)

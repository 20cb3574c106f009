"""Building blocks: escaped, sanitizer-proof, with a text twin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.show.sanitizer import sanitized
from tsalab.show import Part, details, diff, log, note, pairs, probes, table
from tsalab.show.text import without_colours

EVIL = "<script>alert('&\"x')</script>"


@dataclass(frozen=True)
class Probe:
    name: str
    url: str
    status: int | None
    milliseconds: float
    x_cache: str | None
    ok: bool
    saw: str


@pytest.mark.parametrize(
    "make",
    [
        note,
        lambda value: table([(value, None, 3)], (value, "b", "c"), caption=value, shade=["", "x"]),
        lambda value: pairs({value: value}, caption=value),
        lambda value: diff(f"+{value}\n-{value}\n@@ {value}\n {value}\n+++ {value}", title=value),
        lambda value: log([value], title=value),
        lambda value: details(value, note(value), unfolded=True),
        lambda value: probes([Probe(value, value, 200, 12.4, value, True, value)]),
    ],
)
@pytest.mark.parametrize("value", [EVIL, "plain", "</pre></td>", "“ünï” – ×"])
def test_values_are_escaped_and_shown_in_both(make: Callable[[str], Part], value: str) -> None:
    part = make(value)
    assert value in sanitized(part.html)
    assert value in part.text


@given(st.lists(st.lists(st.text(), max_size=3), max_size=3))
def test_any_table_is_well_formed(rows: list[list[str]]) -> None:
    sanitized(table(rows, ("a", "b")).html)


def test_table_text_is_aligned() -> None:
    part = table([("users", 2), ("image_tags", 14)], ("Table", "Rows"), caption="Copied")
    assert part.text == "Copied\nTable       Rows\nusers       2\nimage_tags  14"
    assert table([]).text == ""


def test_probes_that_fail_are_shaded_and_say_so() -> None:
    part = probes(
        [
            Probe("page", "http://x/", 200, 3.2, "Hit from cloudfront", True, "the page"),
            Probe("api", "http://x/api/", None, 0, None, False, "no answer"),
        ]
    )
    assert part.html.count("<tr style=") == 1
    assert "not ok" in part.text
    assert "Hit from cloudfront" in part.text


def test_diff_keeps_its_signs_and_says_when_there_is_none() -> None:
    part = diff("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y")
    assert "-x\n+y" in sanitized(part.html)
    assert part.html.count("<span style") == 3  # the heads are no change
    assert diff("").text == "No difference."
    assert "No difference." in diff("").html


def test_a_log_takes_text_or_lines() -> None:
    assert log("a\nb").text == log(["a", "b"]).text == "a\nb"


def test_details_fold_unless_told() -> None:
    assert "<details class" in log("x", title="Log").html
    assert " open>" not in log("x", title="Log").html
    assert " open>" in diff("+x", title="Changed").html


def test_colours_are_taken_off() -> None:
    assert without_colours("\x1b[31mred\x1b[0m \x1b[1;32mgreen\x1b[m") == "red green"

"""What commands print, however it is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.show.sanitizer import sanitized
from tsalab.records import Redactor
from tsalab.show.console import Console


@given(st.text("ab\n", max_size=30), st.integers(0, 30), st.integers(0, 30))
def test_pieces_make_the_same_lines(text: str, first: int, second: int) -> None:
    cut = sorted((first, second))
    console = Console(str)
    for piece in (text[: cut[0]], text[cut[0] : cut[1]], text[cut[1] :]):
        console.write(piece)
    assert list(console.lines) == [line for line in text.split("\n") if line]


def test_a_line_of_ours_begins_anew() -> None:
    console = Console(str)
    console.write("half")
    console.say("# git pull")
    console.write("Already up to date.\n")
    assert console.lines == ("half", "# git pull", "Already up to date.")


def test_a_carriage_return_and_colours_do_what_they_do_in_a_terminal() -> None:
    console = Console(str)
    for piece in ("Writing 50%", "\rWriting 1", "00%\r\n\x1b[3", "1mdone\x1b[0m\n"):
        console.write(piece)
    assert console.lines == ("Writing 100%", "done")


def test_a_secret_that_comes_in_two_pieces_is_masked() -> None:
    redactor = Redactor()
    redactor.add("hunter2hunter2")
    console = Console(redactor.mask)
    console.write("it is hunter2")
    console.write("hunter2\n")
    assert console.lines == ("it is ••••••",)
    assert not redactor.holds(console.part().html)


def test_a_long_output_is_folded_and_says_what_it_left_out() -> None:
    console = Console(str)
    console.say("\n".join(f"line {number}" for number in range(5)))
    assert "<details" not in console.part().html
    console.say("\n".join(f"line {number}" for number in range(5, 230)))
    part = console.part()
    assert "<details" in part.html
    assert "Output: 230 lines" in sanitized(part.html)
    assert "… 30 earlier lines are not shown" in part.text
    assert "line 29\n" not in part.text
    assert "line 30\n" in part.text
    assert "line 217" not in console.html(12)
    assert "line 218" in console.html(12)

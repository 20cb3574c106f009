"""Lines of a file with a caret below the place."""

from __future__ import annotations

from tsalab.show import excerpt

TEXT = "one\n  two: 2\n\tthree\nfour\nfive\nsix\nseven\n"


def test_the_place_is_marked() -> None:
    lines = excerpt(TEXT, 2, 6).text.split("\n")
    assert lines[0] == "  1 | one"
    assert lines[1] == "> 2 |   two: 2"
    assert lines[2] == "    |      ^"
    assert lines[2].index("^") - lines[1].index("|") - 1 == 6
    assert lines[-1] == "  5 | five"


def test_without_a_column_the_text_of_the_line_is_marked() -> None:
    assert excerpt(TEXT, 2).text.split("\n")[2] == "    |   ^"


def test_a_tab_is_seen_and_takes_one_column() -> None:
    lines = excerpt(TEXT, 3, 2).text.split("\n")
    at = lines.index("> 3 | →three")
    assert lines[at + 1] == "    |  ^"


def test_numbers_are_aligned_and_lines_counted_as_yaml_counts_them() -> None:
    text = "a\r\nb\x85c\u2028" + "x\n" * 8 + "last"
    lines = excerpt(text, 10).text.split("\n")
    assert lines[0] == "   7 | x"
    assert "> 10 | x" in lines
    assert excerpt(text, 12).text.split("\n")[-2] == "> 12 | last"


def test_a_password_is_left_out_and_a_reference_is_not() -> None:
    lines = (
        "MasterUserPassword: correct-horse",
        "password: '{{resolve:secretsmanager:x}}'",
        "PasswordLength: 40",
    )
    said = excerpt("\n".join(lines), 2)
    assert "correct-horse" not in said.text + said.html
    assert "MasterUserPassword: …" in said.text
    assert "{{resolve:secretsmanager:x}}" in said.text
    assert "PasswordLength: 40" in said.text


def test_what_is_in_the_file_is_escaped() -> None:
    assert "<script>" not in excerpt("<script>alert(1)</script>", 1).html

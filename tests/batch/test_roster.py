"""Rosters as spreadsheets make them, and as nobody should: read, or refused with the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mutations import mutated
from tsalab.batch import roster
from tsalab.batch.naming import folder_name
from tsalab.errors import BatchError

HERE = Path("class.csv")


def names(content: str | bytes) -> list[str]:
    raw = content if isinstance(content, bytes) else content.encode()
    return [learner.name for learner in roster.parse(raw, HERE)]


@pytest.mark.parametrize(
    "content",
    [
        "learner,method\nAda,dump\nBob,\n",
        "learner;method\r\nAda;dump\r\nBob;\r\n",
        "learner\tmethod\nAda\tdump\nBob\t\n",
        "sep=;\nlearner;method\nAda;dump\nBob;\n",
        b"\xef\xbb\xbflearner,method\nAda,dump\nBob,\n",
        "\ufefflearner,method\nAda,dump\nBob,\n".encode("utf-16-le"),
        "\n\nMethod, LEARNER ,\ndump, Ada ,\n\n,Bob,,\n",
        'learner\n"Ada"\nBob',
    ],
)
def test_what_spreadsheets_write_is_read(content: str | bytes) -> None:
    assert names(content) == ["Ada", "Bob"]


def test_what_is_empty_is_the_notebooks_own() -> None:
    ada, bob = roster.parse(b"learner,method,mode\nAda,copy,\nBob,,challenge\n", HERE)
    assert (dict(ada.parameters), ada.line) == ({"method": "copy"}, 2)
    assert (dict(bob.parameters), bob.line) == ({"mode": "challenge"}, 3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "names no learner"),
        (b"learner,method\n", "names no learner"),
        (b"\n \n,\n", "names no learner"),
        (b"name,method\nAda,dump\n", "line 1, has no column learner"),
        (b"learner,proflie\nAda,x\n", "no column proflie"),
        (b"learner,learner\nAda,x\n", "learner twice"),
        (b"learner,workdir\nAda,x\n", "leave workdir out"),
        (b"learner,method\nAda,dump\nBob,pump\n", "line 3: method cannot be 'pump'"),
        (
            b"learner,method\nAda;dump\n",
            "line 2, cannot be read. why: It cannot be taken as it is: the number of its fields is 1",
        ),
        (b"learner,method\nAda,dump,3\n", "fields is 3, that of the first line 2"),
        (
            b"learner,method\n,dump\n",
            "line 2, cannot be read. why: It cannot be taken as it is: it names no learner",
        ),
        (b"learner\nAda\nBob\n ada\n", "line 4: the learner ada stands on line 2"),
        (b"learner,profile\nAda,one\nBob,one\n", "line 3: the profile one stands on line 2"),
        (b"learner\nAda\nJos\xe9\n", "line 3, is not UTF-8"),
        (b"learner\nA\x00da\n", "line 2, is no text"),
        (b"PK\x03\x04rest", "is a workbook"),
        (b'learner\n"Ada\nBob\n', "line 2, cannot be read"),
        (b'learner\nAda\n"B"ob\n', "line 3, cannot be read"),
        (b"learner,notebook\nAda,../../etc/passwd\n", "no notebook beside the roster"),
        (b"learner\nA\x07da\n", "line 2: learner cannot be"),
        (b"sep=|\nlearner\nAda\n", "names a separator"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(content: bytes, told: str) -> None:
    with pytest.raises(BatchError) as refused:
        roster.parse(content, HERE)
    assert told in " ".join(str(refused.value).split())


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match="cannot be read"):
        roster.read(tmp_path / "none.csv")
    (tmp_path / "big.csv").write_bytes(b"x" * (roster.LARGEST + 1))
    with pytest.raises(BatchError, match="too large"):
        roster.read(tmp_path / "big.csv")


@pytest.mark.parametrize(
    "name", ["../../etc", "<script>alert(1)</script>", "...", "李", "a" * 100, "CON", "-rf"]
)
def test_folders_are_safe(name: str) -> None:
    assert set(folder_name(name)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not folder_name(name).startswith("-")
    assert 8 <= len(folder_name(name)) <= 50


def test_folders_are_each_ones_own_and_the_same_again() -> None:
    alike = ["José", "Jose", "jose", "Jo-se", "Jo se"]
    assert len({folder_name(name) for name in alike}) == len(alike)
    assert folder_name("Jose\u0301") == folder_name("José")


GENUINE = """sep=;
learner;method;mode;profile
"Lovelace; Ada";dump;guided;
José ""the"" Bob;copy;challenge;aws-1
"李
雷";;;aws-2
""".encode()
# What means something in a CSV, or in this one.
TOKENS = (
    *(
        b";",
        b",",
        b"\t",
        b'"',
        b'""',
        b"\n",
        b"\r",
        b"\r\n",
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"sep=,\n",
    ),
    *(
        b"learner",
        b"profile",
        b"workdir",
        b"notebook",
        b"region",
        b"Ada",
        b" ",
        b"\xc2\xa0",
        b"e\xcc\x81",
        b"PK\x03\x04",
    ),
)
ANY = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(lambda text: ("learner,mode\n" + text).encode(errors="replace")),
    mutated(GENUINE, TOKENS),
    mutated(GENUINE.decode().encode("utf-16"), TOKENS),
)


def hold_any_roster(content: bytes) -> None:
    try:
        learners = roster.parse(content, HERE)
    except BatchError:
        return
    assert len({learner.folder for learner in learners}) == len(learners) > 0
    assert all(learner.name and learner.name.isprintable() for learner in learners)


@settings(deadline=None)
@given(ANY)
def test_any_bytes_are_a_roster_or_a_named_error(content: bytes) -> None:
    hold_any_roster(content)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=10_000, deadline=None)
@given(ANY)
def test_ten_thousand_rosters(content: bytes) -> None:
    hold_any_roster(content)

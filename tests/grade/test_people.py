"""The roster of ids: what it may be, and that anything else is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mutations import mutated
from tsalab.errors import GradeError
from tsalab.grade.exports.people import Person, read_people


def people(folder: Path, data: bytes) -> dict[str, Person]:
    file = folder / "roster.csv"
    file.write_bytes(data)
    return dict(read_people(file))


@pytest.mark.parametrize(
    "data",
    [
        b"learner,id\nAda,17\nBob,18\n",
        b"\xef\xbb\xbflearner;id\r\nAda;17\r\nBob;18\r\n",
        "learner\tid\nAda\t17\nBob\t18\n".encode("utf-16"),
        b"sep=;\nLearner ; ID\n Ada ; 17\n\n;\nBob;18\n",
        b'comment,learner,id\n"one, two",Ada,17\n,Bob,18\n',
    ],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, data: bytes) -> None:
    assert {name: one.id for name, one in people(tmp_path, data).items()} == {"Ada": "17", "Bob": "18"}


def test_a_name_in_another_form_is_the_same_name(tmp_path: Path) -> None:
    assert list(people(tmp_path, "learner\nJose\u0301\n".encode())) == ["José"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no column named learner"),
        (b"name,id\nAda,17\n", "no column named learner"),
        (b"learner,id\nAda,17\n,18\n", "names no learner: , 18"),
        (b"learner,id\nAda,17\nAda,18\n", "Ada stands in it twice"),
        (b"learner\nJos\xe9\n", "utf-8"),
        (b'learner\n"Ada\n', "unexpected end"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    with pytest.raises(GradeError, match="cannot be read") as caught:
        people(tmp_path, data)
    assert told in caught.value.why


GENUINE = """learner,id,email,sis_id,login,section
Ada,17,ada@x.example,s1,ada,"Lab A, Monday"
José,18,jose@x.example,s2,jose,
""".encode()
TOKENS = (
    *(
        b",",
        b";",
        b"\t",
        b'"',
        b"\n",
        b"\r",
        b"\x00",
        b"\xff",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"learner",
        b"id",
        b"Ada",
    ),
    *(b"sep=;\n", b"sep=\n", b"A" * 140_000),
)
ANY = st.one_of(st.binary(max_size=300), mutated(GENUINE, TOKENS), mutated(GENUINE.decode().encode("utf-16")))
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def hold_any_people(folder: Path, data: bytes) -> None:
    try:
        found = people(folder, data)
    except GradeError:
        return
    assert all(name and person.learner == name for name, person in found.items())


@settings(deadline=None, suppress_health_check=QUIET)
@given(ANY)
def test_any_bytes_are_people_or_a_named_error(tmp_path: Path, data: bytes) -> None:
    hold_any_people(tmp_path, data)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=10_000, deadline=None, suppress_health_check=QUIET)
@given(ANY)
def test_ten_thousand_people(tmp_path: Path, data: bytes) -> None:
    hold_any_people(tmp_path, data)

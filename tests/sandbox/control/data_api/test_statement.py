"""Parameters become values and never anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsalab.sandbox.control.data_api.statement import bind
from tsalab.sandbox.control.json_service import ApiError


def text(name, value, hint=None):
    return {"name": name, "value": {"stringValue": value}} | ({"typeHint": hint} if hint else {})


def test_a_name_stands_for_its_value_wherever_a_value_may_stand():
    sql = "SELECT ':a', `:a`, \":a\", :a /* :a */, t.b:=1 -- :a\n, 'it''s \\' :a' FROM t LIMIT :n"
    bound = bind(sql, [{"name": "a", "value": {"longValue": -7}}, {"name": "n", "value": {"longValue": 3}}])
    assert bound == "SELECT ':a', `:a`, \":a\", -7 /* :a */, t.b:=1 -- :a\n, 'it''s \\' :a' FROM t LIMIT 3"


@given(st.text())
def test_no_text_can_be_more_than_a_text(value):
    if any("\ud800" <= character <= "\udfff" for character in value):
        with pytest.raises(ApiError, match="not Unicode"):
            bind("SELECT :v", [text("v", value)])
        return
    bound = bind("SELECT :v", [text("v", value)])
    digits = bound.removeprefix("SELECT _utf8mb4 X'").removesuffix("'")
    assert bytes.fromhex(digits).decode() == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_written_so_that_it_is_one(value):
    literal = bind(":v", [{"name": "v", "value": {"doubleValue": value}}])
    assert float(literal) == value
    assert "e" in literal, "without an exponent, it is a DECIMAL"


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ({"isNull": True}, "NULL"),
        ({"booleanValue": True}, "TRUE"),
        ({"longValue": -(2**63)}, "-9223372036854775808"),
        ({"doubleValue": 2}, "2.0e0"),
        ({"blobValue": b"\x00'\\"}, "X'00275c'"),
    ],
)
def test_what_each_kind_of_value_becomes(value, literal):
    assert bind("SELECT :v", [{"name": "v", "value": value}]) == f"SELECT {literal}"


@pytest.mark.parametrize(
    ("sql", "parameters", "why"),
    [
        ("SELECT 1; SELECT 2", [], "Multistatements"),
        ("-- nothing", [], "empty"),
        ("SELECT :v", [], "has no value"),
        ("SELECT 1", [text("v", "a"), text("v", "b")], "given twice"),
        ("SELECT 1", [{"name": "v", "value": {}}], "exactly one value"),
        ("SELECT 1", [{"name": "v"}], "exactly one value"),
        ("SELECT 1", [{"name": "v", "value": {"stringValue": "a", "longValue": 1}}], "exactly one value"),
        ("SELECT 1", [{"name": "v", "value": {"isNull": False}}], "only be true"),
        ("SELECT 1", [{"name": "v", "value": {"arrayValue": {"longValues": [1]}}}], "Array parameters"),
        ("SELECT 1", [{"name": "v", "value": {"longValue": 2**63}}], "not a long"),
        ("SELECT 1", [{"name": "v", "value": {"doubleValue": float("nan")}}], "not a finite"),
        ("SELECT 1", [{"name": "v", "value": {"longValue": 1}, "typeHint": "DATE"}], "takes a stringValue"),
        ("SELECT 1", [text("v", "2020-1-1", "DATE")], "no DATE"),
        ("SELECT 1", [text("v", "2020-01-01T00:00:00", "TIMESTAMP")], "no TIMESTAMP"),
        ("SELECT 1", [text("v", "1,5", "DECIMAL")], "no DECIMAL"),
        ("SELECT 1", [text("v", "x", "UUID")], "no UUID"),
    ],
)
def test_what_is_refused(sql, parameters, why):
    with pytest.raises(ApiError, match=why) as refused:
        bind(sql, parameters)
    assert refused.value.code == "BadRequestException"


def test_a_semicolon_at_the_end_is_no_second_statement():
    assert bind("SELECT 1; -- done", []) == "SELECT 1; -- done"

"""Table mappings: which tables the rules take, and which rules are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tsalab.sandbox.control.dms import mappings
from tsalab.sandbox.control.json_service import ApiError

THERE = [
    ("shop", "orders"),
    ("shop", "order_rows"),
    ("shop", "orderXrows"),
    ("shop2", "orders"),
    ("log", "a"),
]


def selection(number: int, schema: str, table: str, action: str = "include", **more: Any) -> dict[str, Any]:
    place = {"schema-name": schema, "table-name": table}
    return {
        "rule-type": "selection", "rule-id": str(number), "rule-name": f"n{number}",
        "object-locator": place, "rule-action": action, **more,
    }  # fmt: skip


def taken(*rules: dict[str, Any]) -> list[str]:
    found = mappings.read(json.dumps({"rules": list(rules)})).chosen(THERE)
    return [".".join(pair) for pair in found]


@pytest.mark.parametrize(
    ("schema", "table", "names"),
    [
        ("%", "%", ["log.a", "shop.orderXrows", "shop.order_rows", "shop.orders", "shop2.orders"]),
        ("shop", "%", ["shop.orderXrows", "shop.order_rows", "shop.orders"]),
        ("shop_", "%", ["shop2.orders"]),
        ("shop%", "orders", ["shop.orders", "shop2.orders"]),
        ("shop", "order_rows", ["shop.orderXrows", "shop.order_rows"]),
        ("shop", "order[_]rows", ["shop.order_rows"]),
        ("[k-m]og", "%", ["log.a"]),
        ("[xl]og", "%", ["log.a"]),
        ("[a-c]og", "%", []),
        ("shop.", "%", []),
        ("SHOP", "%", []),
    ],
)
def test_wildcards_mean_what_dms_says(schema: str, table: str, names: list[str]) -> None:
    assert taken(selection(1, schema, table)) == names


def test_what_is_excluded_is_not_taken_whatever_includes_it() -> None:
    assert taken(selection(1, "shop", "%"), selection(2, "%", "%rows", "exclude")) == ["shop.orders"]


def test_explicit_knows_no_wildcards() -> None:
    assert taken(selection(1, "shop", "order_rows", "explicit")) == ["shop.order_rows"]


def test_the_load_order_is_kept() -> None:
    first = selection(1, "%", "%", **{"load-order": 1})
    assert taken(first, selection(2, "shop2", "%", **{"load-order": 5}))[0] == "shop2.orders"


def test_a_schema_is_renamed() -> None:
    rename = {
        "rule-type": "transformation", "rule-id": "2", "rule-name": "2", "rule-target": "schema",
        "object-locator": {"schema-name": "shop"}, "rule-action": "rename", "value": "Boutique",
    }  # fmt: skip
    read = mappings.read(json.dumps({"rules": [selection(1, "%", "%"), rename]}))
    assert [read.target_schema(name) for name in ("shop", "shop2")] == ["Boutique", "shop2"]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ("nonsense", "Invalid json"),
        ([], "At least one selection rule"),
        ([selection(1, "%", "%", "exclude")], "At least one selection rule"),
        ([selection(1, "%", "%"), selection(1, "%", "x")], "rule-id of its own"),
        ([selection(1, "%", "%", "maybe")], "rule-action"),
        ([selection(1, "%", "%", filters=[{"filter-type": "source"}])], "source filters"),
        ([selection(1, "%", "%", colour="green")], "colour"),
        ([{"rule-type": "selection", "rule-id": "1", "rule-action": "include"}], "needs schema-name"),
        ([{"rule-type": "table-settings", "rule-id": "1"}], "table-settings"),
        (
            [
                selection(1, "%", "%"),
                {
                    "rule-type": "transformation", "rule-id": "2", "rule-target": "column",
                    "rule-action": "remove-column", "object-locator": {"schema-name": "%"},
                },
            ],
            "remove-column of a column",
        ),
    ],
)  # fmt: skip
def test_what_is_not_done_is_refused(rules: Any, says: str) -> None:
    text = rules if isinstance(rules, str) else json.dumps({"rules": rules})
    with pytest.raises(ApiError, match=says) as caught:
        mappings.read(text)
    assert caught.value.code == "InvalidParameterValueException"

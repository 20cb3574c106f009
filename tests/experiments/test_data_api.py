"""The Data API as a notebook uses it, on a lab whose data has just been moved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.conftest import opened
from tsalab.errors import TsalabError
from tsalab.lab import Lab
from tsalab.steps import World


@pytest.fixture(scope="module")
def lab(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with opened(module_sandbox, tmp_path_factory.mktemp("work"), method="copy") as lab:
        for step in range(1, 15):
            lab.perform(step)
        yield lab


def test_the_migration_is_checked_through_the_data_api(lab: Lab, shown: list[str]) -> None:
    assert "HttpEndpoint is not enabled" in refused(lambda: lab.data_api.query("SELECT 1"))
    lab.data_api.enable()
    assert "is on." in shown[-1]
    lab.data_api.enable()
    assert "was on already" in shown[-1]
    lab.data_api.query("SELECT title FROM images WHERE id = :id", id=1)
    assert "Lake at dawn" in shown[-1]
    lab.data_api.query(
        "UPDATE images SET title = :title WHERE id = :id", title="'; DROP TABLE images; --", id=1
    )
    assert "1 row changed" in shown[-1]
    assert "images" in refused(lab.data_api.verify)
    assert re.search(r"images +6 +6 +DIFFERENT", shown[-1]), shown[-1]
    lab.data_api.query("UPDATE images SET title = :title WHERE id = :id", title="Lake at dawn", id=1)
    lab.data_api.verify()
    assert re.search(r"images +6 +6 +equal", shown[-1])
    lab.data_api.compare(rounds=3)
    for way in ("the Data API", "a new connection", "a connection that is kept"):
        assert re.search(rf"{way}[^0-9]* +\d+\.\d +\d+\.\d", shown[-1]), shown[-1]


def test_without_the_old_database_the_records_say_what_was_moved(lab: Lab, shown: list[str]) -> None:
    World(lab.place).server.run("systemctl stop mariadb", root=True)
    lab.data_api.verify()
    assert "Rows when they were moved" in shown[-1]
    assert re.search(r"images +6 +6 +as many rows", shown[-1])
    lab.data_api.query("DELETE FROM image_tags WHERE image_id = 1 AND tag_id = 1")
    assert "image_tags" in refused(lab.data_api.verify)


def refused(call: Callable[[], None]) -> str:
    with pytest.raises(TsalabError) as caught:
        call()
    return str(caught.value)

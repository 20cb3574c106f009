"""The remedies as edits of the lab's own code: Node.js accepts them, and they say what they should."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tsalab import resources
from tsalab.errors import ExperimentError
from tsalab.experiments import remedies
from tsalab.experiments.remedies import APP, DATABASE

API = resources.templates() / "gallery" / "api"


def code(variant: str = resources.AS_WRITTEN) -> dict[str, str]:
    """The app after the lab's edits."""
    source = (API / APP).read_text()
    old, new = resources.quoted("app-pool-old.js", variant), resources.quoted("app-pool-new.js", variant)
    assert old in source
    return {APP: source.replace(old, new), DATABASE: (API / DATABASE).read_text()}


@pytest.mark.parametrize("variant", resources.VARIANTS)
@pytest.mark.parametrize("name", remedies.WAYS)
@pytest.mark.parametrize("shorten", [1.0, 10.0])
def test_node_accepts_every_remedy(variant: str, name: str, shorten: float, tmp_path: Path) -> None:
    edited = remedies.way(name).edit(code(variant), shorten)
    assert bool(edited) == (name != remedies.AS_WRITTEN or shorten != 1)
    for path, text in edited.items():
        file = tmp_path / Path(path).name
        file.write_text(text)
        done = subprocess.run(["node", "--check", str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_drivers_own_limits_are_written_out_and_shortened() -> None:
    edited = remedies.way(remedies.AS_WRITTEN).edit(code(), 10)[APP]
    assert "connectTimeout: 1000," in edited
    assert "acquireTimeout: 1000," in edited


def test_a_limit_that_the_code_sets_stays_its_own() -> None:
    """The current variant's pool waits for 45 s: of its two limits the shorter counts."""
    files = code(resources.CURRENT)
    edited = remedies.way(remedies.AS_WRITTEN).edit(files, 10)[APP]
    for name in ("connectTimeout", "acquireTimeout"):
        assert edited.count(f"{name}: 4500,") == edited.count(name) == 1
    assert remedies.patience(files[APP]) == 45
    assert remedies.patience(code()[APP]) == 10


@pytest.mark.parametrize(("shorten", "limit", "most"), [(1, 45_000, 8000), (10, 4500, 800)])
def test_patience_is_in_the_pool_and_in_the_tries(shorten: float, limit: int, most: int) -> None:
    edited = remedies.way(remedies.PATIENT).edit(code(), shorten)
    assert f"acquireTimeout: {limit}," in edited[APP]
    assert f"RETRY_MOST_MS = {most};" in edited[DATABASE]
    assert edited[DATABASE].count("async function acquire(") == 1
    assert "letGo" not in edited[DATABASE]


def test_letting_go_is_said_in_the_words_that_are_waited_for() -> None:
    edited = remedies.way(remedies.LETS_GO).edit(code(), 1)
    assert "letGo(pool);" in edited[DATABASE]
    assert remedies.LET_GO in edited[DATABASE]
    assert "IDLE_MS = 10000;" in edited[DATABASE]


@pytest.mark.parametrize(
    ("path", "gone"),
    [(APP, "connectionLimit: 10,"), (DATABASE, "async function acquire("), (DATABASE, "prepare);\n")],
)
def test_code_without_a_place_for_it_is_named(path: str, gone: str) -> None:
    files = code()
    files[path] = files[path].replace(gone, "")
    with pytest.raises(ExperimentError, match="has no place for the change") as caught:
        remedies.way(remedies.LETS_GO).edit(files, 1)
    assert path in caught.value.what


def test_the_data_api_has_what_the_app_asks_its_database_module_for() -> None:
    """errors.js and the routes ask for these by name."""

    def exported(source: str) -> set[str]:
        return set(re.findall(r"\w+", source.rpartition("module.exports = {")[2]))

    edited = remedies.way(remedies.DATA_API).edit(code(), 1)
    assert exported(edited[DATABASE]) == exported(code()[DATABASE])

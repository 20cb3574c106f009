"""What a person sees while the slow steps run: on a sandbox that takes its time, with a large table.

Every state that the widget of a step is given is kept; the tests of this file run in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.conftest import opened
from tests.show.conftest import Memory
from tests.show.sanitizer import sanitized
from tsalab.lab import Lab
from tsalab.migrate.login import opened as connected
from tsalab.records import MIMETYPE
from tsalab.show import frontend, widget
from tsalab.steps import World

ROWS = 40_000
PACE = 2  # seconds of each action and of the cluster
BAR = re.compile(r'<progress title="([^"]*)" value="([^"]*)" max="([^"]*)">')


class Watched:
    """A frontend that draws widgets, and remembers what they were given."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.states: list[dict[str, str]] = []
        self.memory = Memory()
        seen = self.states

        class Keeping(widget.WidgetView):
            def __init__(self, **state: str) -> None:
                super().__init__(**state)
                seen.append(state)

            def update(self, **state: str) -> None:
                super().update(**state)
                seen.append(state)

        patch.setattr(widget, "WidgetView", Keeping)
        patch.setattr(frontend, "has_widgets", lambda: True)
        patch.setattr(frontend, "screen", lambda: self.memory)

    def moves(self) -> list[dict[str, tuple[str, str]]]:
        """Every state of all bars together that differs from the one before."""
        found: list[dict[str, tuple[str, str]]] = []
        for state in self.states:
            bars = {name: (value, most) for name, value, most in BAR.findall(state["html"])}
            if bars and (not found or bars != found[-1]):
                found.append(bars)
        return found

    def text(self) -> str:
        """Everything that was ever shown, as text."""
        return "\n".join(re.sub(r"<[^>]+>", " ", state["html"]) for state in self.states)

    @property
    def left(self) -> str:
        """What stays of the step that ended last; only what an untrusted notebook shows."""
        assert set(self.memory.last) == {"text/plain", "text/html", MIMETYPE}
        assert "<progress" not in self.memory.last["text/html"]
        return sanitized(self.memory.last["text/html"])


@pytest.fixture(scope="module")
def paced() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSALAB_PACE", str(PACE))
        yield


@pytest.fixture(scope="module")
def lab(paced: None, module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with opened(module_sandbox, tmp_path_factory.mktemp("work")) as lab:
        fill(lab)
        yield lab


def fill(lab: Lab) -> None:
    """Give the old database a table that takes its time."""
    with connected(World(lab.place).source) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE visits (id INT AUTO_INCREMENT PRIMARY KEY, said VARCHAR(2000))")
        cursor.execute(f"INSERT INTO visits (said) SELECT LPAD(seq, 2000, '0') FROM seq_1_to_{ROWS}")
        connection.commit()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def test_the_pipeline_and_the_stack_are_seen_to_move(lab: Lab, watched: Watched) -> None:
    lab.infra.open()
    for name in ("database-subnet-group", "database-secret", "database-cluster", "read-secrets-policy"):
        lab.infra.add(name)
    lab.infra.zip()
    lab.bucket.upload()
    watched.states.clear()
    lab.pipeline.wait()
    moves = watched.moves()
    assert len(moves) > 3, moves
    assert moves[0]["Pipeline"] == ("0", "2")
    assert moves[-1]["Pipeline"] == ("2", "2")
    assert len({move["Stack"] for move in moves if "Stack" in move}) >= 3
    said = watched.text()
    assert re.search(r"◐ Deploy \s*InProgress\s+\d\.\d s", said)
    assert re.search(r"◐ \w+_IN_PROGRESS\s+DatabaseCluster\s+AWS::RDS::DBCluster", said)
    assert {state["said"] for state in watched.states} >= {"Deploy: InProgress"}
    left = watched.left
    assert re.search(r"✓ SourceSucceeded[1-9]", left)
    deployed = re.search(r"✓ DeploySucceeded(\d\.\d) s", left)
    assert deployed
    assert 2 * PACE <= float(deployed[1]) < 2 * PACE + 4  # its own pace, and the cluster's
    assert "✓ Pipeline2 of 2 stages" in left
    assert re.search(r"✓ Stack(\d+) of \1 resources", left)
    assert re.search(r"\d+ stack events", left)
    assert re.search(r"✓ \w+_COMPLETEDatabaseClusterAWS::RDS::DBCluster", left)


def test_a_dump_and_its_load_are_seen_to_move(lab: Lab, watched: Watched) -> None:
    lab.data.export()
    assert re.search(r"✓ dump\.sql8\d\.\d MB of 8\d\.\d MB", watched.left)
    watched.states.clear()
    lab.data.load()
    moves = [move["dump.sql"] for move in watched.moves()]
    assert len(moves) > 3, moves
    assert len({most for _, most in moves}) == 1  # the file's size is known from the start
    assert re.search(
        r"dump\.sql \s*\d+\.\d MB of 8\d\.\d MB · \d\S* MB/s · about \d+\S* s left", watched.text()
    )
    left = watched.left
    assert "$ mysql -u admin -p -h" in left
    assert "visits" + f"{ROWS}" * 2 + "equal" in left


def test_a_copy_is_seen_to_move_table_by_table(lab: Lab, watched: Watched) -> None:
    with connected(World(lab.place).target) as connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE visits")
    lab.place.method = "copy"
    lab.data.load()
    moves = watched.moves()
    visits = [move["visits"] for move in moves if "visits" in move]
    assert len(set(visits)) > 3
    assert {most for _, most in visits} == {str(ROWS)}
    tables = {"visits", "users", "images", "categories", "tags", "image_tags"}
    assert all(tables <= move.keys() for move in moves)  # what is left is seen from the start
    assert "All together" in moves[-1]
    told = rf"visits \s*[\d,]+ of {ROWS:,} rows · [\d,]+ rows/s · about \d+\S* s left"
    assert re.search(told, watched.text())
    assert re.search(rf"✓ visits{ROWS:,} of {ROWS:,} rows\d+\S* s[\d,]+ rows/s", watched.left)

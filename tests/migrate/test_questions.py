from __future__ import annotations

from tsalab.migrate import connect, questions


def test_questions(pair, here) -> None:
    here("CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1), (2)")
    source, _ = pair
    assert "MariaDB" in questions.server_version(source)
    assert questions.row_counts(source) == {"t": 2}
    before = questions.connections_of(source)
    with connect(source):
        assert questions.connections_of(source) == before + 1

"""Changes of a MariaDB arrive on a MySQL, whose account may use its own database and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tsalab.errors import CaptureError
from tsalab.migrate import compare
from tsalab.migrate.capture import Replication

from ..test_types import ZOO
from .conftest import Followed
from .zoo import MORE


@pytest.fixture
def to_mysql(logging, mysql) -> Iterator[Followed]:
    logging[0].sql("DROP DATABASE IF EXISTS here", "CREATE DATABASE here CHARACTER SET utf8mb4")
    mysql.sql("DROP DATABASE IF EXISTS there", "CREATE DATABASE there CHARACTER SET utf8mb4")
    yield Followed((logging[0], mysql), logging[0].login("here", "source"), mysql.mover("there"))
    logging[0].sql("DROP DATABASE here")
    mysql.sql("DROP DATABASE there")


def test_every_type(to_mysql) -> None:
    # MySQL has no time beyond 838:59:59, and refuses it; the server names the column then.
    held = [table for table in (*ZOO.values(), *MORE.values()) if "838:59:59." not in (table[1] or "")]
    zoo = {f"t{number}": table for number, table in enumerate(held)}
    relaxed = "SET SESSION sql_mode = ''"
    to_mysql.here(relaxed, *(f"CREATE TABLE {name} ({columns})" for name, (columns, _) in zoo.items()))
    replication = to_mysql.copy()
    filled = {name: values for name, (_, values) in zoo.items() if values}
    with replication.running():
        to_mysql.here(relaxed, *(f"INSERT INTO {name} VALUES {values}" for name, values in filled.items()))
        replication.catch_up(60)
        to_mysql.must_be_equal()
        to_mysql.here(*(f"DELETE FROM {name} LIMIT 1" for name in filled))
        replication.catch_up(60)
        to_mysql.must_be_equal()
        to_mysql.here("ALTER TABLE t0 ADD COLUMN more INT", "TRUNCATE t1", "DROP TABLE t2")
        replication.catch_up(60)
    assert compare(to_mysql.source, to_mysql.target).equal
    to_mysql.here("CREATE TABLE made (id INT PRIMARY KEY)")
    with pytest.raises(CaptureError, match="CREATE TABLE made"):
        Replication(to_mysql.source, to_mysql.target).run()

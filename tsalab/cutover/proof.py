"""Whether both databases hold the same, asked in the moment in which nobody can write.

Every table's rows are counted, and its newest are hashed, on the servers themselves and on
both at once: that takes milliseconds, whatever the tables hold. The copy has proven all rows
up to its snapshot, and what came after are mostly the newest.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from tsalab import migrate
from tsalab.errors import CutoverError
from tsalab.migrate.login import Connection, Login

NEWEST = 2_000  # rows of each table that are hashed
_COLUMNS = (
    "SELECT table_name, column_name, column_key = 'PRI', data_type IN ('float', 'double', 'json')"
    " FROM information_schema.columns WHERE table_schema = DATABASE()"
    " ORDER BY table_name, ordinal_position"
)

Content = dict[str, tuple[int, str]]
Columns = dict[str, list[tuple[str, bool, bool]]]


class Proof:
    """Two connections that are open before they are needed.

    Parameters
    ----------
    source, target
        What is compared.
    """

    def __init__(self, source: Login, target: Login) -> None:
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="tsalab-proof")
        self._links = list(self._pool.map(migrate.connect, (source, target)))
        # The old database's columns, for both: the target may have more tables, never fewer.
        self._columns = _columns(self._links[0])

    def __enter__(self) -> Proof:
        return self

    def __exit__(self, *_: object) -> None:
        for link in self._links:
            link.close()
        self._pool.shutdown()

    def check(self) -> int:
        """Rows of all tables together, when both sides hold the same.

        Raises
        ------
        CutoverError
            Naming the tables that differ.
        """
        ours, theirs = self._pool.map(lambda link: contents(link, self._columns), self._links)
        if different := [name for name, content in ours.items() if theirs[name] != content]:
            raise CutoverError.not_equal(different)
        return sum(rows for rows, _ in ours.values())


def contents(link: Connection, columns: Mapping[str, list[tuple[str, bool, bool]]]) -> Content:
    """Rows and a checksum of the newest, by table.

    Parameters
    ----------
    link
        Where to ask.
    columns
        Of each table: name, whether it is of the primary key, whether servers print it differently.
    """
    found = {}
    with link.cursor() as cursor:
        for table, listed in columns.items():
            cursor.execute(_question(table, listed))
            row = cursor.fetchone()
            assert row is not None  # noqa: S101 - an aggregate always gives a row
            found[table] = (int(row[0]), str(row[1]))
    return found


def _columns(link: Connection) -> Columns:
    found: Columns = {}
    with link.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, column, key, loose in cursor.fetchall():
            if not str(table).startswith(migrate.PRIVATE_PREFIX):
                found.setdefault(str(table), []).append((str(column), bool(key), bool(loose)))
    return found


def _question(table: str, columns: list[tuple[str, bool, bool]]) -> str:
    name = _quote(table)
    values = ", ".join(f"IFNULL(HEX({_quote(column)}), '-')" for column, _, loose in columns if not loose)
    row = f"CAST(CONV(LEFT(SHA2(CONCAT_WS('.', {values}), 256), 15), 16, 10) AS DECIMAL(20))"
    key = ", ".join(f"{_quote(column)} DESC" for column, of_key, _ in columns if of_key)
    newest = f"(SELECT * FROM {name} ORDER BY {key} LIMIT {NEWEST})" if key else name  # noqa: S608 - quoted
    checksum = f"(SELECT CAST(IFNULL(SUM({row}), 0) AS CHAR) FROM {newest} newest)"  # noqa: S608 - quoted
    return f"SELECT (SELECT COUNT(*) FROM {name}), {checksum}"  # noqa: S608 - quoted


def _quote(name: str) -> str:
    return f"`{name.replace('`', '``')}`"

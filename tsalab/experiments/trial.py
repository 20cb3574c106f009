"""Somebody who writes to the old database while it is moved: a table of its own, and how far it has come.

Every row bears a number, so that what arrives can be told from what does not, and when.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import Any

from tsalab import migrate
from tsalab.migrate import Login

TABLE = "dms_trial"
_EVERY = 10  # new rows for each change of an older one, and each removal


def create(source: Login) -> None:
    """Make the table, empty, unless it is there."""
    _run(
        source,
        f"CREATE TABLE IF NOT EXISTS {TABLE} (id BIGINT AUTO_INCREMENT PRIMARY KEY, "
        "note VARCHAR(60) NOT NULL, changed INT NOT NULL DEFAULT 0) ENGINE=InnoDB",
    )


def drop(source: Login) -> None:
    """Remove the table; one that is not there is no error."""
    _run(source, f"DROP TABLE IF EXISTS {TABLE}")


def newest(login: Login) -> int:
    """The highest number that a side has; 0 while there is none."""
    with closing(migrate.connect(login)) as connection, connection.cursor() as cursor:
        return _newest(cursor)


def _newest(cursor: Any) -> int:
    cursor.execute(f"SELECT MAX(id) FROM {TABLE}")  # noqa: S608 - our own name
    return int(cursor.fetchone()[0] or 0)


def _run(login: Login, statement: str) -> None:
    with closing(migrate.connect(login)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


class Writer:
    """Writes rows at a steady rate, on a thread and a connection of its own. A context manager.

    Parameters
    ----------
    source
        Where.
    rate
        New rows a second.
    """

    def __init__(self, source: Login, rate: float) -> None:
        self._source, self._rate = source, rate
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._write, name="trial writer", daemon=True)
        self._moments: dict[int, float] = {}
        self.error: BaseException | None = None

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    @property
    def written(self) -> int:
        """The number of the newest row; 0 before the first."""
        return max(self._moments, default=0)

    def lag(self, arrived: int) -> float:
        """Seconds for which the oldest row that has not arrived has been there.

        Parameters
        ----------
        arrived
            The newest that has.
        """
        waiting = [moment for number, moment in list(self._moments.items()) if number > arrived]
        return time.monotonic() - min(waiting) if waiting else 0.0

    def _write(self) -> None:
        try:
            with closing(migrate.connect(self._source)) as connection, connection.cursor() as cursor:
                due = time.monotonic()
                while not self._end.wait(max(0.0, due - time.monotonic())):
                    due += 1 / self._rate
                    self._one(cursor)
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the rows
            self.error = error

    def _one(self, cursor: Any) -> None:
        cursor.execute(f"INSERT INTO {TABLE} (note) VALUES (%s)", (f"row at {time.time():.3f}",))  # noqa: S608
        number = int(cursor.lastrowid)
        self._moments[number] = time.monotonic()
        if number % _EVERY == 0:
            cursor.execute(f"UPDATE {TABLE} SET changed = changed + 1 WHERE id = %s", (number - 3,))  # noqa: S608
            cursor.execute(f"DELETE FROM {TABLE} WHERE id = %s", (number - 7,))  # noqa: S608

"""Writes changes into the target: in their order, many in one packet, each counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import COMMAND

from tsalab.errors import CaptureError
from tsalab.messages import say
from tsalab.migrate import sessions
from tsalab.migrate.capture.rows import Image, Rows, TableMap
from tsalab.migrate.capture.shape import Shape
from tsalab.migrate.catalogue import ask, columns, keys
from tsalab.migrate.formats import FIELDS
from tsalab.migrate.loading import load
from tsalab.migrate.login import Connection, Login, named, number_of
from tsalab.migrate.model import Vendor

_PACKET = 2 << 20  # bytes of statements that are sent at once
_STATEMENTS = 1000  # and how many of them
_ROWS = 1000  # rows of one statement
_MARGIN = 4096  # bytes of a packet that are no statement of ours
_MULTI_ON = b"\0\0"
_SET_OPTION = COMMAND.COM_SET_OPTION
# What another transaction of the target did to ours: it goes well another time.
_AGAIN = {1020, 1205, 1213}

_STRICT = "STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
_LAX = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"


class TryAgainError(Exception):
    """The transaction was rolled back for the sake of another one."""


@dataclass(frozen=True)
class _Sent:
    """A statement on its way, and how many rows it has to find; None when it finds none."""

    text: bytes
    rows: int | None
    kind: str = ""
    table: str = ""


class Writer:
    """Writes to the target on a connection of its own; the caller begins and commits.

    Parameters
    ----------
    connection, target
        Where.
    charsets
        The source's character sets, by the number of a collation.
    """

    def __init__(self, connection: Connection, target: Login, charsets: dict[int, str]) -> None:
        self._link: Any = connection
        self._target, self._charsets = target, charsets
        with self.writing():
            facts = sessions.facts(connection)
            self.vendor = facts.vendor
            self._room = min(_PACKET, facts.packet - _MARGIN)
            self._set_up()
        self._waiting: list[_Sent] = []
        self._size = 0
        self._checked = True
        self._shapes: dict[int, tuple[TableMap, Shape]] = {}
        # Rows of statements that may be joined: those of one table after the other.
        self._shape: Shape | None = None
        self._kind = ""
        self._rows: list[str] = []
        self._parts: list[str] = []
        self._rows_size = 0

    @contextmanager
    def writing(self, table: str = "") -> Iterator[None]:
        """Errors within the block in our words.

        Raises
        ------
        TryAgainError
            When another transaction was in the way.
        """
        with named(self._target, say("migration.doing.applying"), table):
            try:
                yield
            except pymysql.err.MySQLError as error:
                if number_of(error) in _AGAIN:
                    raise TryAgainError from None
                raise

    def _set_up(self) -> None:
        self._link._execute_command(_SET_OPTION, _MULTI_ON)
        self._link._read_packet()
        with self._link.cursor() as cursor:
            cursor.execute(f"SET sql_mode = '{_STRICT}', foreign_key_checks = 1")
            if self.vendor is Vendor.MARIADB:
                # The source's rows were let in already, perhaps before there was the check.
                cursor.execute("SET check_constraint_checks = 0")

    def forget(self) -> None:
        """Look at the target's tables anew: DDL changed them."""
        self._shapes.clear()

    def add(self, rows: Rows) -> None:
        """Write rows; some of it is sent later, at the latest by `flush`."""
        shape = self._shape_of(rows.of)
        if rows.checked != self._checked:
            self.flush()
            self._checked = rows.checked
            self._put(_Sent(f"SET foreign_key_checks={int(rows.checked)}".encode(), None))
        if rows.kind == "insert":
            for image in rows.after:
                self._insert(shape, image)
        elif rows.kind == "delete":
            for image in rows.before:
                self._delete(shape, image)
        else:
            self._join()
            for before, after in zip(rows.before, rows.after, strict=True):
                self._update(shape, before, after)

    def _shape_of(self, of: TableMap) -> Shape:
        found = self._shapes.get(id(of))
        if found is not None and found[0] is of:
            return found[1]
        self.flush()
        with self.writing(of.table):
            shape = Shape(
                of,
                columns(self._link, of.table),
                keys(self._link, of.table),
                self.vendor,
                self._charsets,
                referenced=_referenced(self._link, of.table),
            )
        self._shapes[id(of)] = of, shape
        return shape

    # --- statements ---------------------------------------------------------------------

    def _insert(self, shape: Shape, image: Image) -> None:
        lax = shape.lax(image)
        if self._shape is not shape or self._kind != "insert" or lax:
            self._join()
            self._shape, self._kind = shape, "insert"
        if shape.size(image) > self._room // 2:
            self._load(shape, image)
            return
        row = shape.row(image)
        if len(row) + self._rows_size > self._room // 2 or len(self._rows) >= _ROWS:
            self._join()
            self._shape, self._kind = shape, "insert"
        self._rows.append(row)
        self._rows_size += len(row) + 1
        if lax:
            self._lax(self._join)

    def _delete(self, shape: Shape, image: Image) -> None:
        if shape.key and not shape.referenced:
            part = shape.one_of(image)
            full = len(self._parts) >= _ROWS or self._rows_size + len(part) > self._room // 2
            if self._shape is not shape or self._kind != "delete" or full:
                self._join()
                self._shape, self._kind = shape, "delete"
            self._parts.append(part)
            self._rows_size += len(part) + 4
            return
        # One after the other: what refers to what decides in which order rows can go.
        self._join()
        self._put(_counted(f"{shape.deletion(shape.where(image))} LIMIT 1", 1, "delete", shape))

    def _join(self) -> None:
        """Make statements of what was put together."""
        shape = self._shape
        if shape is not None and self._rows:
            self._put(_counted(shape.insertion(self._rows), len(self._rows), "insert", shape))
        if shape is not None and self._parts:
            text = shape.deletion(shape.any_of(self._parts))
            self._put(_counted(text, len(self._parts), "delete", shape))
        self._shape, self._kind = None, ""
        self._rows, self._parts, self._rows_size = [], [], 0

    def _update(self, shape: Shape, before: Image, after: Image) -> None:
        if shape.changed_size(before, after) > self._room // 2:
            self._replace(shape, before, after)
            return
        changes = shape.changes(before, after)
        if not changes:
            return  # only what the server computes is different
        text = shape.change(changes, shape.where(before))
        sent = _counted(text, 1, "update", shape)
        if shape.lax(after):
            self._lax(lambda: self._put(sent))
        else:
            self._put(sent)

    def _lax(self, put: Callable[[], None]) -> None:
        self._put(_Sent(f"SET sql_mode='{_LAX}'".encode(), None))
        put()
        self._put(_Sent(f"SET sql_mode='{_STRICT}'".encode(), None))

    def _replace(self, shape: Shape, before: Image, after: Image) -> None:
        """Put a large row in another's place, behind the back of foreign keys: what leads to it stays."""
        where = shape.where(before)
        if shape.key and shape.moved(before, after):
            # The key by itself, so that what leads to it follows it.
            text = shape.change(shape.key_change(after), where)
            self._put(_counted(text, 1, "update", shape))
            where = shape.where(after)
        self._put(_Sent(b"SET foreign_key_checks=0", None))
        self._put(_counted(f"{shape.deletion(where)} LIMIT 1", 1, "update", shape))
        self._load(shape, after)
        self._put(_Sent(f"SET foreign_key_checks={int(self._checked)}".encode(), None))

    def _load(self, shape: Shape, image: Image) -> None:
        """Write a row that no statement has room for."""
        lax = shape.lax(image)
        if lax:
            self._put(_Sent(f"SET sql_mode='{_LAX}'".encode(), None))
        self.flush()
        loading, line = shape.large(image)
        with self.writing(shape.table):
            done = load(self._link, shape.table, f"{FIELDS} {loading}", (line,))
            if done.rows != 1 or (done.warnings and not lax):
                said = ask(self._link, "SHOW WARNINGS")
                raise CaptureError.not_applied(
                    "insert", shape.table, done.rows, 1, said[0][2] if said else ""
                )
        if lax:
            self._put(_Sent(f"SET sql_mode='{_STRICT}'".encode(), None))

    # --- sending ------------------------------------------------------------------------

    def _put(self, sent: _Sent) -> None:
        if self._waiting and (self._size + len(sent.text) > self._room or len(self._waiting) >= _STATEMENTS):
            self._send()
        self._waiting.append(sent)
        self._size += len(sent.text) + 1

    def flush(self) -> None:
        """Send everything, and hold what the server did against what it had to do.

        Raises
        ------
        CaptureError
            When a row was not there, or there already: the target is no copy of the source.
        TryAgainError
            When another transaction was in the way.
        """
        self._join()
        self._send()

    def _send(self) -> None:
        waiting, self._waiting, self._size = self._waiting, [], 0
        if not waiting:
            return
        done = 0
        try:
            with self.writing(waiting[0].table):
                self._link.query(b";".join(each.text for each in waiting))
                for done, each in enumerate(waiting):
                    if done:
                        self._link.next_result()
                    _check(each, self._link._result)
        except CaptureError:
            # What follows in the packet has still to be read, or closing would wait for it.
            self._link._force_close()
            raise


def _counted(text: str, rows: int, kind: str, shape: Shape) -> _Sent:
    return _Sent(text.encode(), rows, kind, shape.table)


def _check(sent: _Sent, result: Any) -> None:
    if sent.rows is None:
        return
    found = int(result.affected_rows)
    if sent.kind == "update" and result.message:
        # A row that is as it should be already counts as found and not as affected.
        words = result.message.decode("ascii", "replace").split()
        found = int(words[2]) if words[:2] == ["Rows", "matched:"] else found
    if found != sent.rows:
        raise CaptureError.not_applied(sent.kind, sent.table, found, sent.rows, "")


def _referenced(connection: Connection, table: str) -> bool:
    """Whether a foreign key leads to the table."""
    query = (
        "SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS"
        " WHERE UNIQUE_CONSTRAINT_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME = %s"
    )
    return ask(connection, query, table)[0][0] != "0"

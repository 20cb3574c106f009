"""The words of a migration: columns, keys, tables, and the plan that is made of them.

Plain values without behaviour of a server. `catalogue` reads them from a source, `ddl`
changes what the target could not take, `planning` puts them together, `copying` acts on
them, and whoever shows a plan needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Vendor(StrEnum):
    """Whose server it is."""

    MARIADB = "MariaDB"
    MYSQL = "MySQL"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        Its name.
    kind
        Its data type in lower case, e.g. ``varchar``.
    generated
        Whether the server computes it.
    definition
        The whole type, e.g. ``enum('a','b')`` or ``decimal(65,30) unsigned``.
    nullable
        Whether it may hold NULL.
    auto_increment
        Whether the server numbers it.
    charset, collation
        Of character data; empty for anything else.
    invisible
        Whether ``SELECT *`` leaves it out.
    """

    name: str
    kind: str
    generated: bool = False
    definition: str = ""
    nullable: bool = True
    auto_increment: bool = False
    charset: str = ""
    collation: str = ""
    invisible: bool = False


@dataclass(frozen=True)
class Key:
    """An index.

    Attributes
    ----------
    name
        Its name; ``PRIMARY`` for the primary key.
    columns
        Names of its columns in order; an expression counts as an empty name.
    unique
        Whether two rows may not have the same values.
    kind
        ``BTREE``, ``HASH``, ``FULLTEXT`` or ``SPATIAL``.
    whole
        Whether every column takes part with its whole value, ascending.
    """

    name: str
    columns: tuple[str, ...]
    unique: bool
    kind: str = "BTREE"
    whole: bool = True


@dataclass(frozen=True)
class Conversion:
    """Something that the target gets otherwise than the source has it, on purpose.

    Attributes
    ----------
    subject
        What, e.g. ``table images, column uid``.
    was, becomes
        The definition on either side; nothing becomes ``""``.
    reason
        Why, as a sentence.
    """

    subject: str
    was: str
    becomes: str
    reason: str


@dataclass(frozen=True)
class Refusal:
    """Something that cannot be moved; a plan with one is not carried out."""

    subject: str
    reason: str


@dataclass(frozen=True)
class Reference:
    """Where a foreign key leads.

    Attributes
    ----------
    columns
        Of the table that has the key.
    parent, parent_columns
        The table it leads to, and the columns there, in the same order.
    """

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table, and how it is to be on the target.

    Attributes
    ----------
    name
        Its name.
    columns
        Columns of the source, in their order.
    create
        Statement that creates it on the target, with the keys that it is filled by, without
        late keys and foreign keys.
    foreign_keys
        Name to definition, for ``ALTER TABLE … ADD``.
    references
        Where each foreign key leads, by name.
    late_keys
        Name to definition, for ``ALTER TABLE … ADD``: made when the table is full.
    keys
        Every index of the source.
    path
        The key along which it is read and written in pieces, so that pieces can be proven
        and resumed: unique, of columns that cannot be NULL, and ordered alike on both sides.
        None: there is no such key, and the table is one piece.
    engine
        Of the source.
    partitioned
        Whether the source's is in partitions.
    rows, bytes
        Estimates of the source's dictionary.
    target_columns
        Columns on the target where a conversion changed their kind; else the source's own.
    """

    name: str
    columns: tuple[Column, ...]
    create: str
    foreign_keys: dict[str, str] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    late_keys: dict[str, str] = field(default_factory=dict)
    keys: tuple[Key, ...] = ()
    path: Key | None = None
    engine: str = "InnoDB"
    partitioned: bool = False
    rows: int = 0
    bytes: int = 0
    target_columns: tuple[Column, ...] = ()

    @property
    def stored(self) -> tuple[Column, ...]:
        """Columns that hold data of their own."""
        return _stored(self.columns)

    @property
    def stored_there(self) -> tuple[Column, ...]:
        """The same columns, as the target has them."""
        return _stored(self.target_columns or self.columns)


def _stored(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(column for column in columns if not column.generated)


class ObjectKind(StrEnum):
    """What a database holds besides tables."""

    VIEW = "view"
    TRIGGER = "trigger"
    PROCEDURE = "procedure"
    FUNCTION = "function"
    EVENT = "event"
    GRANT = "grant"


@dataclass(frozen=True)
class StoredObject:
    """A view, trigger, routine, event or grant.

    Attributes
    ----------
    kind, name
        Which.
    create
        Statement that makes it on the target.
    copied
        Whether it is made there, or only reported.
    session
        Settings its statement needs, e.g. its ``sql_mode`` and character sets.
    """

    kind: ObjectKind
    name: str
    create: str
    copied: bool = True
    session: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a migration will do.

    Attributes
    ----------
    source, target
        Whose servers; None for the target while it was not asked.
    tables
        Every chosen table.
    present
        Tables of these that the target has already.
    objects
        Views, triggers, routines, events and grants, in the order in which they are made.
    conversions
        What will be different on the target, each with its reason.
    refusals
        What stands in the way.
    notes
        What is worth knowing and stands in no way.
    """

    source: Vendor
    target: Vendor
    tables: tuple[Table, ...]
    present: tuple[str, ...] = ()
    objects: tuple[StoredObject, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

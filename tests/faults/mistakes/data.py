"""Steps 13 and 14: mistakes with the dump and its import."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.hand import Hand, Mistake
from tsalab.steps import World

DUMP = "mysqldump -u tsauser -pmy-secret-pw tsagallery > dump.sql"


def dumped(command: str) -> dict[str, Callable[[Hand], object]]:
    return {"make": lambda hand: hand.ssh(command), "mend": lambda hand: hand.ssh("rm dump.sql")}


EXPORT = (
    Mistake("no dump", 13, lambda _: None, ("there is no dump.sql",), ("mysqldump -u tsauser", "> dump.sql")),
    Mistake(
        "a dump of another database",
        13,
        **dumped("mysqldump -u tsauser -pmy-secret-pw information_schema > dump.sql"),
        saw=("dump.sql is of the database information_schema, not of tsagallery",),
        next=(f"dump again: {DUMP}",),
    ),
    Mistake(
        "a dump that was cut",
        13,
        **dumped(f"{DUMP}; truncate -s 2000 dump.sql"),
        saw=("dump.sql ends before it is complete",),
        next=(f"dump again: {DUMP}",),
    ),
    Mistake(
        "a dump that failed",
        13,
        **dumped("mysqldump -u tsauser -pwrong tsagallery > dump.sql"),
        saw=("dump.sql holds nothing, because mysqldump failed",),
        next=(f"dump again: {DUMP}",),
    ),
)


def loaded(hand: Hand, database: str) -> str:
    """The command of step 14, the password typed."""
    secret = World(hand.lab.place).credentials
    return hand.typed(f"mysql -u admin -p -h {secret.host} {database} < dump.sql", secret.password)


def another_database(hand: Hand) -> None:
    secret = World(hand.lab.place).credentials
    query = f'mysql -u admin -p -h {secret.host} -e "create database gallery"'
    assert "ERROR" not in hand.typed(query, secret.password)
    assert "ERROR" not in loaded(hand, "gallery")


LOAD = (
    Mistake(
        "the dump is not loaded",
        14,
        lambda _: None,
        ("Aurora's database TSAGalleryData has no table",),
        ("mysql -u admin -p -h tsagallery-database-cluster.", " TSAGalleryData < dump.sql"),
    ),
    Mistake(
        "the dump is loaded into another database",
        14,
        another_database,
        ("the tables are in the cluster's database gallery, and the app reads TSAGalleryData",),
        (" TSAGalleryData < dump.sql",),
    ),
)

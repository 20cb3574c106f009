"""What a login may do on its database, as far as SHOW GRANTS tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tsalab.migrate.catalogue.asking import ask
from tsalab.migrate.login import Connection

_GRANT = re.compile(
    r"(?P<verb>GRANT|REVOKE) (?P<what>.+?) ON (?P<scope>\*|`(?:[^`]|``)+`)\.(?P<table>\*|`(?:[^`]|``)+`)"
    r" (?:TO|FROM) .*?(?P<grant>WITH GRANT OPTION)?",
    re.DOTALL,
)
_ALL = "ALL PRIVILEGES"


@dataclass(frozen=True)
class Privileges:
    """What is held on a whole database.

    Attributes
    ----------
    held
        Names in capitals; ``ALL PRIVILEGES`` stands for every one that is not named apart.
    everywhere
        Those of these held on every database, e.g. ``SUPER``.
    certain
        Whether nothing more can be held: a role's privileges may not be shown.
    """

    held: frozenset[str]
    everywhere: frozenset[str]
    certain: bool = True

    def lacking(self, wanted: set[str]) -> list[str]:
        """Which of these are not held, sorted."""
        if _ALL in self.held:
            wanted = wanted & {"GRANT OPTION"}
        return sorted(wanted - self.held)


def read_privileges(connection: Connection, database: str) -> Privileges:
    """What the connection's login may do on a database; within `readable`."""
    return privileges_of([row[0] for row in ask(connection, "SHOW GRANTS")], database)


def privileges_of(grants: list[str], database: str) -> Privileges:
    """What these lines of SHOW GRANTS give on a database."""
    held: set[str] = set()
    everywhere: set[str] = set()
    certain = True
    for line in grants:
        match = _GRANT.fullmatch(line)
        if match is None:
            # A role, whose privileges may not be shown; or a grant on a routine, or of a proxy.
            certain = certain and " ON " in line
            continue
        if match["table"] != "*" or not _covers(match["scope"], database):
            continue
        names = {name.strip().upper() for name in match["what"].split(",")}
        if match["verb"] == "REVOKE":
            held -= names
            continue
        held |= names | ({"GRANT OPTION"} if match["grant"] else set())
        if match["scope"] == "*":
            everywhere |= names
    return Privileges(frozenset(held), frozenset(everywhere), certain)


def _covers(scope: str, database: str) -> bool:
    """Whether a grant's pattern fits: in it, % and _ stand for anything, unless behind a backslash."""
    if scope == "*":
        return True
    pattern = re.sub(
        r"\\(.)|(%)|(_)|(.)",
        lambda part: re.escape(part[1] or part[4]) if part[1] or part[4] else (".*" if part[2] else "."),
        scope[1:-1].replace("``", "`"),
    )
    return re.fullmatch(pattern, database, re.DOTALL) is not None

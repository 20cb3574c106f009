"""Between which servers a rewrite goes, and about which table."""

from __future__ import annotations

from dataclasses import dataclass

from tsalab.messages import say
from tsalab.migrate.catalogue.servers import Server
from tsalab.migrate.ddl.collations import nearest
from tsalab.migrate.ddl.findings import Findings
from tsalab.migrate.ddl.tokens import Kind, Token, Tokens


@dataclass(frozen=True)
class Context:
    """One table's rewrite.

    Attributes
    ----------
    source, target
        From where to where.
    table
        Its name.
    collation, engine
        The table's own, on the source.
    findings
        Where everything is said.
    """

    source: Server
    target: Server
    table: str
    collation: str
    engine: str
    findings: Findings

    @property
    def crossing(self) -> bool:
        """Whether it goes from one vendor to the other."""
        return self.source.vendor is not self.target.vendor

    @property
    def subject(self) -> str:
        """How findings name the table."""
        return say("migration.subject.table", table=self.table)

    def column(self, name: str) -> str:
        """How findings name a column."""
        return say("migration.subject.column", table=self.table, column=name)

    def key(self, name: str) -> str:
        """How findings name a key."""
        return say("migration.subject.key", table=self.table, key=name)

    def target_lacks(self, mariadb: tuple[int, ...], mysql: tuple[int, ...]) -> bool:
        """Whether the target is older than the version that has something."""
        return self.target.version < (mariadb if self.target.mariadb else mysql)


NEVER = (1_000_000,)
"""A version for what a vendor does not have at all."""


def collated(subject: str, collation: str, target: Server, findings: Findings) -> str:
    """The collation to use on the target, with what is to be said about it."""
    new = nearest(collation, target)
    if not new:
        findings.refuse(subject, say("migration.refusal.collation", collation=collation, server=target.named))
        return collation
    if new != collation and not _same(new, collation):
        findings.convert(
            subject, collation, new, say("migration.conversion.collation", server=target.named, was=collation)
        )
    return new


def recollated(pieces: Tokens, subject: str, target: Server, findings: Findings) -> Tokens:
    """An expression or body, with every COLLATE in it as the target knows it."""
    found: list[Token] = []
    last = ""
    for piece in pieces:
        if piece.kind is Kind.WORD and last == "COLLATE":
            new = collated(subject, piece.text, target, findings)
            found.append(Token(Kind.WORD, new))
        else:
            found.append(piece)
        if piece.kind is not Kind.SPACE:
            last = piece.word
    return tuple(found)


def _same(one: str, other: str) -> bool:
    return one.replace("utf8mb3_", "utf8_") == other.replace("utf8mb3_", "utf8_")

"""Views, triggers, routines, events and grants, as a restricted account can make them on the target."""

from __future__ import annotations

from tsalab.messages import say
from tsalab.migrate.catalogue.asking import quote
from tsalab.migrate.catalogue.grants import Grant
from tsalab.migrate.catalogue.objects import SourceObject
from tsalab.migrate.catalogue.servers import Server
from tsalab.migrate.ddl.collations import nearest
from tsalab.migrate.ddl.context import recollated
from tsalab.migrate.ddl.findings import Findings
from tsalab.migrate.ddl.tokens import Kind, Token, Tokens, significant, text, tokens
from tsalab.migrate.model import ObjectKind, StoredObject

# Modes that only one vendor has. Some change what a body means, so that it must not run without.
_OF_MARIADB = {
    "DB2", "IGNORE_BAD_TABLE_OPTIONS", "MAXDB", "MSSQL", "MYSQL323", "MYSQL40", "NO_AUTO_CREATE_USER",
    "NO_FIELD_OPTIONS", "NO_KEY_OPTIONS", "NO_TABLE_OPTIONS", "POSTGRESQL", "TIME_ROUND_FRACTIONAL",
}  # fmt: skip
_MEANING = {"EMPTY_STRING_IS_NULL", "ORACLE", "SIMULTANEOUS_ASSIGNMENT"}
_OF_MYSQL = {"TIME_TRUNCATE_FRACTIONAL"}
_OF_MARIADB_ALONE = {"DELETE HISTORY", "DELETE VERSIONING ROWS", "SHOW CREATE ROUTINE"}
_KINDS = {"VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"}


def rewrite_object(
    found: SourceObject, source: Server, target: Server, user: str, findings: Findings
) -> StoredObject | None:
    """The object for the target; None when it cannot be made, which is then said.

    Parameters
    ----------
    found
        As the catalogue reads it.
    source, target
        From where to where, with their databases.
    user
        Who makes it there, and whose it becomes.
    findings
        Added to.
    """
    subject = say("migration.subject.object", kind=found.called, name=found.name)
    if found.kind is None:
        findings.refuse(subject, say("migration.refusal.package"))
        return None
    if not found.create:
        reason = found.reason or say("migration.refusal.hidden_body", definer=found.definer)
        findings.refuse(subject, say("migration.refusal.unreadable", reason=reason))
        return None
    pieces = tokens(found.create, found.sql_mode)
    if _leads_elsewhere(found, pieces):
        findings.refuse(subject, say("migration.refusal.other_database_view"))
        return None
    pieces = _without_definer(found, pieces, subject, user, findings)
    pieces = _plain_head(pieces, subject, target, findings)
    pieces = _without_database(pieces, subject, source, target, findings)
    if found.kind is ObjectKind.TRIGGER:
        pieces = _without_order(pieces)
    if found.kind is ObjectKind.EVENT:
        pieces = _disabled(found.name, pieces, subject, findings)
    pieces = recollated(pieces, subject, target, findings)
    return StoredObject(
        found.kind, found.name, text(pieces), session=_session(found, subject, target, findings)
    )


def rewrite_grant(grant: Grant, target: Server, *, copied: bool) -> StoredObject | None:
    """The grant for the target's database; None when nothing of it exists there."""
    privileges = [
        name + (f" ({', '.join(map(quote, columns))})" if columns else "")
        for name, columns in grant.privileges
        if target.mariadb or name not in _OF_MARIADB_ALONE
    ]
    if not privileges:
        return None
    # In a grant on a whole database the name is a pattern.
    pattern = target.database.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
    scope = f"{quote(target.database)}.{quote(grant.table)}" if grant.table else f"{quote(pattern)}.*"
    create = f"GRANT {', '.join(privileges)} ON {scope} TO {grant.grantee}"
    create += " WITH GRANT OPTION" if grant.grantable else ""
    name = f"{grant.grantee} {grant.table}".strip()
    return StoredObject(ObjectKind.GRANT, name, create, copied)


def _head(pieces: Tokens) -> int:
    """Where the head ends that says what is made: at the kind's word."""
    for index, piece in enumerate(pieces):
        if piece.word in _KINDS:
            return index
    return 0


def _without_definer(
    found: SourceObject, pieces: Tokens, subject: str, user: str, findings: Findings
) -> Tokens:
    head = _head(pieces)
    start = next((index for index in range(head) if pieces[index].word == "DEFINER"), None)
    if start is None:
        return pieces
    end = start
    # DEFINER = name @ host, and only the last of these is followed by a space and another word.
    while end < head and not (pieces[end].kind is Kind.SPACE and _ends_account(pieces, start, end)):
        end += 1
    words = [piece.word for piece in significant(pieces)]
    invoker = any(words[index : index + 3] == ["SQL", "SECURITY", "INVOKER"] for index in range(len(words)))
    findings.convert(
        subject,
        text(pieces[start:end]),
        "",
        say("migration.conversion.invoker", user=user, definer=found.definer)
        if invoker
        else say("migration.conversion.definer", user=user, definer=found.definer),
    )
    return pieces[:start] + pieces[end + 1 :]


def _ends_account(pieces: Tokens, start: int, end: int) -> bool:
    before = significant(pieces[start:end])
    behind = significant(pieces[end : end + 3])
    return len(before) > 2 and before[-1].text not in {"@", "="} and not (behind and behind[0].text == "@")


def _plain_head(pieces: Tokens, subject: str, target: Server, findings: Findings) -> Tokens:
    """Without OR REPLACE and IF NOT EXISTS, which would hide that something is there already."""
    head = _head(pieces)
    words = [piece.word for piece in pieces[:head]]
    if "AGGREGATE" in words and not target.mariadb:
        findings.refuse(subject, say("migration.refusal.aggregate", server=target.named))
    kept = tuple(piece for piece in pieces[:head] if piece.word not in {"OR", "REPLACE"})
    rest = pieces[head:]
    behind = [index for index, piece in enumerate(rest[:8]) if piece.kind is not Kind.SPACE]
    if [rest[index].word for index in behind[1:4]] == ["IF", "NOT", "EXISTS"]:
        rest = rest[:1] + rest[behind[3] + 1 :]
    return kept + rest


def _without_database(
    pieces: Tokens, subject: str, source: Server, target: Server, findings: Findings
) -> Tokens:
    """Names without the database's, when the target's is called otherwise."""
    if source.database == target.database:
        return pieces
    found: list[Token] = []
    dropped = ambiguous = False
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        if piece.kind in {Kind.NAME, Kind.WORD} and piece.name == source.database:
            follows = index + 2 < len(pieces) and pieces[index + 1].text == "."
            if follows and not (found and found[-1].text == "."):
                dropped = True
                index += 2
                continue
            ambiguous = True
        found.append(piece)
        index += 1
    if not dropped:
        return pieces
    if ambiguous:
        findings.refuse(subject, say("migration.refusal.database_name", database=source.database))
    findings.convert(
        subject,
        f"{quote(source.database)}.",
        "",
        say("migration.conversion.database", was=source.database, becomes=target.database),
    )
    return tuple(found)


def _without_order(pieces: Tokens) -> Tokens:
    """A trigger without FOLLOWS or PRECEDES: triggers are made in the order in which they act."""
    at = [index for index, piece in enumerate(pieces) if piece.kind is not Kind.SPACE]
    words = [pieces[index].word for index in at]
    for index, word in enumerate(words):
        if word in {"FOLLOWS", "PRECEDES"} and words[index - 3 : index] == ["FOR", "EACH", "ROW"]:
            return pieces[: at[index]] + pieces[at[index + 2] :]
    return pieces


def _disabled(name: str, pieces: Tokens, subject: str, findings: Findings) -> Tokens:
    """An event that does not run before somebody says so."""
    for index, piece in enumerate(pieces):
        if piece.word == "DO":
            break
        if piece.word in {"ENABLE", "ENABLED"}:
            findings.convert(
                subject,
                "ENABLE",
                "DISABLE",
                say("migration.conversion.event", command=f"ALTER EVENT {quote(name)} ENABLE"),
            )
            return (*pieces[:index], Token(Kind.WORD, "DISABLE"), *pieces[index + 1 :])
        if piece.word in {"DISABLE", "DISABLED"}:
            break
    return pieces


def _leads_elsewhere(found: SourceObject, pieces: Tokens) -> bool:
    """Whether a view reads another database.

    SHOW CREATE VIEW leaves the database's name out where every table is of the view's own; so
    where it stands as the dictionary has it, in full, there is another one's.
    """
    if found.kind is not ObjectKind.VIEW or not found.definition:
        return False
    words = [index for index, piece in enumerate(pieces) if piece.word == "AS"]
    query = text(significant(pieces[words[0] + 1 :])) if words else ""
    full = text(significant(tokens(found.definition)))
    return query.startswith(full) and "`.`" in full


def _session(found: SourceObject, subject: str, target: Server, findings: Findings) -> dict[str, str]:
    session = {"character_set_client": "utf8mb4"}
    if found.collation:
        session["collation_connection"] = nearest(found.collation, target) or "utf8mb4_bin"
    # A view's text does not depend on it; but it must not be that of the object before.
    session["sql_mode"] = _mode(found.sql_mode, subject, target, findings)
    if found.time_zone:
        session["time_zone"] = found.time_zone
    return session


def _mode(sql_mode: str, subject: str, target: Server, findings: Findings) -> str:
    modes = [mode for mode in sql_mode.split(",") if mode]
    lacking = set() if target.mariadb else _OF_MARIADB | _MEANING
    lacking |= _OF_MYSQL if target.mariadb else set()
    if changing := sorted(lacking & _MEANING & set(modes)):
        findings.refuse(subject, say("migration.refusal.mode", mode=", ".join(changing), server=target.named))
    if dropped := sorted(lacking & set(modes)):
        findings.convert(
            subject,
            f"sql_mode {', '.join(dropped)}",
            "",
            say("migration.conversion.mode", server=target.named),
        )
    return ",".join(mode for mode in modes if mode not in lacking)

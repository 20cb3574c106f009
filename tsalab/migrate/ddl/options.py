"""A table's engine, options and partitions, as the target takes them."""

from __future__ import annotations

from collections.abc import Mapping

from tsalab.messages import say
from tsalab.migrate.ddl.context import Context, collated
from tsalab.migrate.ddl.statement import Option
from tsalab.migrate.ddl.tokens import Kind, Token, Tokens, text

# Engines that a target can have as they are, and have a snapshot.
TRANSACTIONAL = {"INNODB"}
# Engines whose rows are somewhere else, or nowhere.
_ELSEWHERE = {
    "BLACKHOLE", "COLUMNSTORE", "CONNECT", "FEDERATED", "MRG_MYISAM", "MERGE", "NDBCLUSTER", "OQGRAPH",
    "S3", "SPHINX", "SPIDER", "VIDEX",
}  # fmt: skip
# Options that belong to one engine, one vendor, or one machine's disk.
_OF_ENGINE = {"PAGE_CHECKSUM", "TRANSACTIONAL", "INSERT_METHOD", "IETF_QUOTES"}
_OF_MARIADB = {
    "PAGE_CHECKSUM", "TRANSACTIONAL", "PAGE_COMPRESSED", "PAGE_COMPRESSION_LEVEL", "ENCRYPTED",
    "ENCRYPTION_KEY_ID", "IETF_QUOTES", "SEQUENCE",
}  # fmt: skip
_OF_MYSQL = {
    "COMPRESSION", "ENCRYPTION", "AUTOEXTEND_SIZE", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE",
    "SECONDARY_ENGINE_ATTRIBUTE", "SECONDARY_LOAD", "DEFAULT ENCRYPTION", "START TRANSACTION",
}  # fmt: skip
_OF_DISK = {"DATA DIRECTORY", "INDEX DIRECTORY", "TABLESPACE", "CONNECTION"}
_ROW_FORMATS = {"DEFAULT", "DYNAMIC", "COMPACT", "REDUNDANT", "COMPRESSED"}  # of InnoDB
_DROPPED_WITH_COMPRESSION = ("ROW_FORMAT", "KEY_BLOCK_SIZE")


def rewrite_options(options: Mapping[str, Option], context: Context) -> dict[str, Option]:
    """Options by name for the target."""
    found = dict(options)
    found["ENGINE"] = Option("ENGINE", _engine(context.engine, context))
    for name in _unwanted(context) & found.keys():
        _drop(found, name, say("migration.conversion.option", server=context.target.named), context)
    _row_format(found, context)
    if context.collation:
        label = next((name for name in found if name.endswith("COLLATE")), "COLLATE")
        new = collated(context.subject, context.collation, context.target, context.findings)
        found[label] = Option("COLLATE", new)
    return found


def _unwanted(context: Context) -> set[str]:
    unwanted = set(_OF_DISK)
    if context.engine.upper() not in TRANSACTIONAL:
        unwanted |= _OF_ENGINE
    if context.crossing:
        unwanted |= _OF_MYSQL if context.target.mariadb else _OF_MARIADB
    return unwanted


def _engine(engine: str, context: Context) -> str:
    if engine.upper() in TRANSACTIONAL:
        return engine
    if engine.upper() in _ELSEWHERE:
        context.findings.refuse(context.subject, say("migration.refusal.engine", engine=engine))
        return engine
    context.findings.convert(
        context.subject,
        f"ENGINE={engine}",
        "ENGINE=InnoDB",
        say("migration.conversion.engine", engine=engine),
    )
    if engine.upper() != "ROCKSDB":
        context.findings.note(say("migration.note.no_snapshot", table=context.table, engine=engine))
    return "InnoDB"


def _row_format(found: dict[str, Option], context: Context) -> None:
    value = found["ROW_FORMAT"].value.upper() if "ROW_FORMAT" in found else ""
    if value and value not in _ROW_FORMATS:
        _drop(found, "ROW_FORMAT", say("migration.conversion.row_format"), context)
    if context.target.aurora and (value == "COMPRESSED" or "KEY_BLOCK_SIZE" in found):
        for name in _DROPPED_WITH_COMPRESSION:
            _drop(found, name, say("migration.conversion.compressed"), context)


def _drop(found: dict[str, Option], name: str, reason: str, context: Context) -> None:
    option = found.pop(name, None)
    if option is not None:
        context.findings.convert(context.subject, str(option), "", reason)


def rewrite_partitions(partitions: Tokens, context: Context) -> str:
    """The partitions, each in the engine the table has there, and nowhere on a disk of its own."""
    if not partitions:
        return ""
    words = [piece.word or piece.text for piece in partitions if piece.kind is not Kind.SPACE]
    if "SYSTEM_TIME" in words:
        context.findings.refuse(context.subject, say("migration.refusal.system_versioned"))
    if not context.target.mariadb and _has_default(words):
        context.findings.refuse(
            context.subject, say("migration.refusal.default_partition", server=context.target.named)
        )
    found: list[Token] = []
    last: list[str] = []
    for piece in partitions:
        if piece.kind is Kind.SPACE:
            found.append(piece)
            continue
        engine = piece.kind is Kind.WORD and last[-2:] == ["ENGINE", "="]
        found.append(Token(Kind.WORD, "InnoDB") if engine else piece)
        last.append(piece.word or piece.text)
        if last[-2:-1] == ["="] and last[-4:-2] in (["DATA", "DIRECTORY"], ["INDEX", "DIRECTORY"]):
            _cut_back(found, 4)
            context.findings.convert(
                context.subject,
                " ".join(last[-4:]),
                "",
                say("migration.conversion.option", server=context.target.named),
            )
    return text(found)


def _has_default(words: list[str]) -> bool:
    """Whether a LIST has a partition for all other values, which only MariaDB has."""
    return any(
        words[index] == "DEFAULT"
        and (words[index - 2] == "PARTITION" or words[index - 3 : index - 1] == ["VALUES", "IN"])
        for index in range(3, len(words))
    )


def _cut_back(found: list[Token], count: int) -> None:
    while count or found[-1].kind is Kind.SPACE:
        count -= found.pop().kind is not Kind.SPACE

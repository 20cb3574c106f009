"""The app's edits (steps 16 to 22), found by what the lines say.

The lab's text counts lines *before* its own edits, so its numbers are right only for a
file nobody touched. Here a block is found by its content, whatever its indentation, and
every other byte of the file stays. What is commented out does nothing, so it is not looked
at. Plain text in, plain text out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise

from tsalab.errors import StepError
from tsalab.messages import say
from tsalab.resources import AS_WRITTEN, quoted

CONFIG, APP = "utils/config.js", "app.js"
DEFAULT_SECRET = "TSAGallery-RDSMasterSecret"  # noqa: S105 - a name
_ANCHOR = "// make sure database is connected"


@dataclass(frozen=True)
class Seen:
    """What a check of a file saw; `next` is empty where the step's own text says what to do."""

    ok: bool
    saw: str
    line: int | None = None
    next: str = ""


@dataclass(frozen=True)
class Edit:
    """One edit of one file."""

    name: str
    file: str
    look: Callable[[str, str], Seen]
    apply: Callable[[str, str], str]

    @property
    def expected(self) -> str:
        """What the file should hold."""
        return say(f"check.edit.{self.name}")


@cache
def block(name: str, variant: str = AS_WRITTEN) -> tuple[str, ...]:
    """Lines of a quoted block of the lab, without their ends."""
    return tuple(quoted(f"{name}.js", variant).rstrip("\n").split("\n"))


def find(lines: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Index of the first line of a block, compared without indentation, or None."""
    want = [_bare(line) for line in wanted]
    have = [_bare(line) for line in lines]
    for start in range(len(have) - len(want) + 1):
        if have[start : start + len(want)] == want:
            return start
    return None


def _bare(line: str) -> str:
    return " ".join(line.split())


def _split(text: str) -> list[str]:
    return text.splitlines(keepends=True)


# Strings are matched so that what only looks like a comment in them is left alone.
_STRING_OR_COMMENT = re.compile(
    r"""(?P<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|//[^\r\n]*|/\*.*?\*/""",
    re.DOTALL,
)


def _code(text: str) -> list[str]:
    """Lines of the text with its comments blanked; each line keeps its number."""
    return _split(
        _STRING_OR_COMMENT.sub(lambda found: found["string"] or re.sub(r"[^\r\n]", " ", found[0]), text)
    )


def _ending(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _find_line(lines: Sequence[str], pattern: str) -> int | None:
    return next((i for i, line in enumerate(lines) if re.search(pattern, line)), None)


# --- utils/config.js -------------------------------------------------------------------

_SECRET_LINE = r"^\s*secretName\s*:"  # noqa: S105 - a pattern


def _aws_end(lines: Sequence[str]) -> tuple[int, int] | None:
    """Indices of ``aws: {`` and of the line that closes it."""
    start = _find_line(lines, r"^\s*aws\s*:\s*\{")
    if start is None:
        return None
    for index in range(start + 1, len(lines)):
        if re.match(r"^\s*\},?\s*$", lines[index]):
            return start, index
    return None


def _need_aws(text: str) -> tuple[list[str], int, int]:
    span = _aws_end(_code(text))
    if span is None:
        raise StepError.block_missing(CONFIG, say("check.code.block.aws"))
    return _split(text), *span


def _room_seen(text: str, _secret: str) -> Seen:
    span = _aws_end(_code(text))
    if span is None:
        return Seen(False, say("check.code.seen.no_aws"))
    inside = slice(span[0] + 1, span[1])
    empty = any(not line.strip() for line in _split(text)[inside])
    if empty or _find_line(_code(text)[inside], _SECRET_LINE) is not None:
        return Seen(True, say("check.code.seen.room"), span[1])
    return Seen(False, say("check.code.seen.no_room"), span[1] + 1)


def _make_room(text: str, secret: str) -> str:
    if _room_seen(text, secret).ok:
        return text
    lines, start, end = _need_aws(text)
    code = _code(text)
    last = max(index for index in range(start, end) if code[index].strip())
    if not code[last].rstrip().endswith((",", "{")):  # a comma must stand before what follows
        lines = _split(with_comma(text, last + 1))
    lines.insert(end, _ending(text))
    return "".join(lines)


def _secret_seen(text: str, secret: str) -> Seen:
    lines = _code(text)
    found = [index for index, line in enumerate(lines) if re.search(_SECRET_LINE, line)]
    if not found:
        return Seen(False, say("check.code.seen.no_secret"))
    start, end = _aws_end(lines) or (0, 0)
    inside = [index for index in found if start < index < end]
    if not inside:
        line = found[0] + 1
        saw = say("check.code.seen.secret_outside", line=line)
        return Seen(False, saw, line, say("check.code.secret_moves", line=line, file=CONFIG))
    line = inside[-1] + 1  # of two equal keys JavaScript takes the last
    names = re.findall(r"""['"]([^'"]+)['"]""", lines[line - 1])
    if secret in names:
        return Seen(True, say("check.code.seen.secret", name=secret, line=line), line)
    if names:
        saw = say("check.code.seen.secret_other", names=", ".join(names), line=line)
    else:
        saw = say("check.code.seen.secret_empty", line=line)
    return Seen(False, saw, line, say("check.code.secret_name", line=line, file=CONFIG, name=secret))


def _name_secret(text: str, secret: str) -> str:
    if _secret_seen(text, secret).ok:
        return text
    text = _make_room(text, secret)
    lines, start, end = _need_aws(text)
    code, inside = _code(text), range(start + 1, end)
    named = [index for index in inside if re.search(_SECRET_LINE, code[index])]
    room = [index for index in inside if not lines[index].strip()]
    lines[(named or room)[-1]] = block("config-secret-name")[0].replace(DEFAULT_SECRET, secret) + _ending(
        text
    )
    return "".join(lines)


def _db_seen(text: str, _secret: str) -> Seen:
    at = _find_line(_code(text), r"^\s*db\s*:\s*\{")
    if at is None:
        return Seen(True, say("check.code.seen.no_db"))
    last = _closing(_code(text), at)
    saw = say("check.code.seen.db", line=at + 1)
    return Seen(False, saw, at + 1, say("check.code.delete", first=at + 1, last=last + 1, file=CONFIG))


def _closing(lines: Sequence[str], start: int) -> int:
    """Index of the line that closes what a line opens; of the line itself when nothing does."""
    depth = 0
    for index in range(start, len(lines)):
        depth += sum(lines[index].count(mark) for mark in "{(") - sum(lines[index].count(m) for m in "})")
        if depth <= 0:
            return index
    return start


def _drop_db(text: str, secret: str) -> str:
    if _db_seen(text, secret).ok:
        return text
    return _remove(text, block("config-db"), CONFIG, say("check.code.block.db"))


# --- app.js ----------------------------------------------------------------------------


def _old_pool_seen(text: str, _secret: str) -> Seen:
    at = _find_line(_code(text), r"config\.db\b")
    if at is None:
        return Seen(True, say("check.code.seen.no_old_pool"))
    lines = _code(text)
    opening = next((i for i in range(at, -1, -1) if re.search(r"createPool\s*\(\s*\{", lines[i])), None)
    if opening is None or (last := _closing(lines, opening)) < at:
        return Seen(False, say("check.code.seen.uses_db", line=at + 1), at + 1)
    first, last = opening + 1, last + 1
    beside = say("check.code.beside") if re.search(r"host\s*:\s*secrets\.host", "".join(lines)) else ""
    saw = say("check.code.old_pool", first=first, last=last, beside=beside)
    return Seen(False, saw, first, say("check.code.delete", first=first, last=last, file=APP))


def _drop_pool(text: str, secret: str) -> str:
    if _old_pool_seen(text, secret).ok:
        return text
    return _remove(text, block("app-pool-old"), APP, say("check.code.block.pool"))


def _new_pool_seen(text: str, _secret: str) -> Seen:
    lines = _code(text)
    # Either way to ask: the SDK's second version, as the lab has it, or its third.
    get, pool = (
        _find_line(lines, r"\bsend\(.*GetSecretValue|\bgetSecretValue\b"),
        _find_line(lines, r"createPool\s*\("),
    )
    if get is None:
        return Seen(False, say("check.code.seen.not_asked"))
    if pool is None or pool < get:
        return Seen(False, say("check.code.seen.too_early"), get + 1)
    if _find_line(lines[pool:], r"host\s*:\s*secrets\.host") is None:
        saw = say("check.code.seen.other_host", line=pool + 1)
        return Seen(False, saw, pool + 1, say("check.code.new_pool", line=pool + 1, file=APP))
    return Seen(True, say("check.code.seen.pool", line=pool + 1), pool + 1)


def _add_pool(text: str, secret: str, variant: str) -> str:
    if _new_pool_seen(text, secret).ok:
        return text
    lines = _split(text)
    at = find(lines, [_ANCHOR])
    if at is None:
        raise StepError.block_missing(APP, say("check.code.block.comment", comment=_ANCHOR))
    # The block stands inside what the line below the comment opens (the lab's line 37).
    at += 2 if at + 1 < len(lines) and lines[at + 1].rstrip().endswith("{") else 1
    ending = _ending(text)
    lines[at:at] = [line + ending for line in block("app-pool-new", variant)]
    return "".join(lines)


def missing_comma(text: str) -> int | None:
    """Line, counted from 1, that lacks the comma before the entry below it; None when none does.

    Only for a text that JavaScript refuses: it looks at the lines, not at the language.
    """
    lines = [(number, line.strip()) for number, line in enumerate(_code(text), 1) if line.strip()]
    for (number, line), (_, below) in pairwise(lines):
        if re.match(r"['\"]?\w+['\"]?\s*:(?!:)", below) and not line.endswith(
            (",", "{", "(", "[", "?", ":", ";")
        ):
            return number
    return None


def with_comma(text: str, line: int) -> str:
    """The text with a comma at the end of a line's code, before a comment that follows it."""
    lines, code = _split(text), _code(text)
    bare = len(code[line - 1].rstrip())
    lines[line - 1] = f"{lines[line - 1][:bare]},{lines[line - 1][bare:]}"
    return "".join(lines)


def _remove(text: str, wanted: Sequence[str], file: str, what: str) -> str:
    lines = _split(text)
    at = find(lines, wanted)
    if at is None:
        raise StepError.block_missing(file, what)
    del lines[at : at + len(wanted)]
    return "".join(lines)


@cache
def edits(variant: str) -> dict[str, Edit]:
    """The edits by name, as a variant of the lab makes them; what they look for is the same in all."""
    made = (
        Edit("config-make-room", CONFIG, _room_seen, _make_room),
        Edit("config-secret-name", CONFIG, _secret_seen, _name_secret),
        Edit("config-drop-db", CONFIG, _db_seen, _drop_db),
        Edit("app-drop-pool", APP, _old_pool_seen, _drop_pool),
        Edit("app-add-pool", APP, _new_pool_seen, partial(_add_pool, variant=variant)),
    )
    return {edit.name: edit for edit in made}


EDITS = edits(AS_WRITTEN)

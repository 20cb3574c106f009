"""The catalogue and the code say the same: every id has a text, every text a use, every field a value."""

from __future__ import annotations

import ast
import string
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tsalab import messages
from tsalab.errors import SettingError

PACKAGE = Path(messages.__file__).parents[1]


@dataclass(frozen=True)
class Use:
    """A call of `say` or `error` in the code."""

    place: str
    key: str
    fields: frozenset[str] | None  # None where values are handed on with **


def uses() -> Iterator[Use]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.is_relative_to(PACKAGE / "messages"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (name := _called(node)) in {"say", "error"} and node.args:
                yield from _of_call(node, name, f"{path.relative_to(PACKAGE)}:{node.lineno}")


def _called(node: ast.Call) -> str:
    """`say` and `error`, by name or as attributes of `messages`; `view.say` is somebody else's."""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr if ast.unparse(function.value) == "messages" else ""
    return function.id if isinstance(function, ast.Name) else ""


def _of_call(node: ast.Call, name: str, place: str) -> Iterator[Use]:
    given = {word.arg for word in node.keywords}
    fields = None if None in given else frozenset(word for word in given if word)
    for key in _keys(node.args[0]):
        for suffix in (".what", ".why", ".next") if name == "error" else ("",):
            yield Use(place, key + suffix, fields)


def _keys(node: ast.expr) -> list[str]:
    """The ids that an argument can be; one that is put together has a * for what is not written there."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return _keys(node.body) + _keys(node.orelse)
    if isinstance(node, ast.JoinedStr):
        return ["".join(v.value if isinstance(v, ast.Constant) else "*" for v in node.values)]
    return [""]


def matching(key: str) -> list[str]:
    if "*" not in key:
        return [key] if key in messages.catalogue() else []
    before, _, after = key.partition("*")
    return [k for k in messages.catalogue() if k.startswith(before) and k.endswith(after)]


USES = list(uses())


def fields_of(key: str) -> set[str]:
    text = messages.catalogue()[key]
    texts = [text] if isinstance(text, str) else list(text.values())
    names = {name for one in texts for _, name, _, _ in string.Formatter().parse(one) if name is not None}
    return {name.partition(".")[0].partition("[")[0] for name in names}


def test_every_id_can_be_read_from_the_code() -> None:
    """An id in a variable would be found by no translator, and by no test."""
    assert [use for use in USES if use.key in {"", ".what", ".why", ".next"}] == []


def test_no_text_is_taken_when_a_module_is_imported() -> None:
    """It would cost every start, and stay in the language of that moment."""
    early = []
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        later = {inner for node in ast.walk(tree) for inner in _run_later(node)}
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node not in later)
        early += [f"{path.name}:{node.lineno}" for node in calls if _called(node) in {"say", "error"}]
    assert early == []


def _run_later(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a function is called: its body, and neither its defaults nor its decorators."""
    body = node.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else []
    for statement in body if isinstance(body, list) else [body]:
        yield from ast.walk(statement)


def test_every_id_in_the_code_has_a_text() -> None:
    assert USES
    assert [use for use in USES if not matching(use.key)] == []


def test_every_text_is_used() -> None:
    used = {key for use in USES for key in matching(use.key)}
    assert sorted(set(messages.catalogue()) - used) == []


def test_every_field_is_given() -> None:
    lacking = {
        f"{use.place} {key}": sorted(missing)
        for use in USES
        if use.fields is not None
        for key in matching(use.key)
        if (missing := fields_of(key) - use.fields)
    }
    assert lacking == {}


def plural_ids() -> list[str]:
    return [key for key, text in messages.catalogue().items() if not isinstance(text, str)]


def test_english_has_a_singular_and_a_plural() -> None:
    for key in plural_ids():
        assert set(messages.catalogue()[key]) == {"one", "other"}, key


def test_every_plural_is_given_its_count() -> None:
    counted = [use for use in USES if use.fields is not None and set(matching(use.key)) & set(plural_ids())]
    assert [use for use in counted if use.fields is not None and "count" not in use.fields] == []


def test_a_singular_and_a_plural(monkeypatch: pytest.MonkeyPatch) -> None:
    forms = {"tables": {"one": "{count} table", "other": "{count} tables"}}
    monkeypatch.setattr(messages, "catalogue", lambda: forms)
    assert messages.say("tables", count=1) == "1 table"
    assert messages.say("tables", count=0) == "0 tables"


def test_braces_in_a_value_are_only_text() -> None:
    told = SettingError.malformed("{name}", "{0} {value!r} {{", "{expected.__class__}")
    assert told.what == "Parameter {name} cannot be '{0} {value!r} {{'."
    assert told.why == "It takes {expected.__class__}."


def test_no_text_reaches_into_a_value() -> None:
    """A translation must not be able to read more than it is given."""
    for key, text in messages.catalogue().items():
        for one in [text] if isinstance(text, str) else text.values():
            names = [name for _, name, _, _ in string.Formatter().parse(one) if name is not None]
            assert all(name.isidentifier() for name in names), f"{key}: {one}"


def test_nothing_is_read_before_the_first_message() -> None:
    program = """
import sys
from tsalab import errors, messages
assert "yaml" not in sys.modules, "importing read the catalogue"
errors.SandboxError.estate_down()
assert "yaml" in sys.modules
assert "babel" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_id_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        messages.say("nothing.like.it")

"""No sentence that a person can meet is written in the code: it stands in the catalogue, under an id.

Two nets, both of them coarse. A text with a space in it, given to something that speaks (an
error, a finding, a view, the command line), belongs into ``tsalab/messages/en.yml``; so does
anything that reads like a whole sentence, wherever it stands. What is left out says why.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tsalab import errors, messages

PACKAGE = Path(messages.__file__).parents[1]

# Not for translation: AWS's own words and what its programs print, imitated; and data about the lab.
NOT_OURS = ("sandbox/control/", "sandbox/machines/", "course/", "messages/")

SPEAKS = {
    "BadParameter",
    "Finding",
    "Leftover",
    "Outcome",
    "Problem",
    "Text",
    "at",
    "details",
    "diff",
    "doing",
    "echo",
    "end",
    "heading",
    "line",
    "named",
    "note",
    "on_event",
    "on_line",
    "pairs",
    "picture",
    "print",
    "progress",
    "stage",
    "status",
    "table",
    "tell",
}
# Commands, as they are typed; what begins with a prompt is one too, and markup is no prose either.
COMMANDS = {"forever list"}
NOT_PROSE = ("# ", "$ ", "<")
# Words beside words, or a sign and a word: what a translator would change.
_WORDS = re.compile(r"[^\W\d_]{2,}[,:;.]? +(?:§ +)?[^\W\d_]{2,}|[^\W\d_]{2,} ?: *$")
_SENTENCE = re.compile(r"^[A-Z][^\n]* [^\n]*[^\W\d_)`'\"}…][.?!]$")


@dataclass(frozen=True)
class Sentence:
    place: str
    text: str


def sentences(path: Path, root: Path = PACKAGE) -> list[Sentence]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    exempt = set(_exempt(tree))
    spoken = {
        node for call, names in _calls(tree) for node in _given(call, names) if _WORDS.search(_text(node))
    }
    whole = {node for node in ast.walk(tree) if _SENTENCE.match(_text(node))}
    inside = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    inside -= {node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)}
    found = {
        node
        for node in spoken | whole
        if node not in exempt | inside
        and _text(node) not in COMMANDS
        and not _text(node).startswith(NOT_PROSE)
    }
    name = path.relative_to(root)
    return sorted((Sentence(f"{name}:{node.lineno}", _text(node)) for node in found), key=lambda s: s.place)


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, dict[str, list[ast.expr]]]]:
    """Calls of what speaks, each with what the function around it gave to its variables."""
    for around in ast.walk(tree):
        if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            names = _assigned(around)
            for node in ast.walk(around):
                if isinstance(node, ast.Call) and (_name(node) in SPEAKS or _makes_an_error(node)):
                    yield node, names


def _assigned(around: ast.AST) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    inside = ast.iter_child_nodes(around) if isinstance(around, ast.Module) else ast.walk(around)
    for node in inside:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)


def _makes_an_error(call: ast.Call) -> bool:
    return ast.unparse(call.func).partition(".")[0] in errors.__all__


def _given(call: ast.Call, assigned: dict[str, list[ast.expr]]) -> Iterator[ast.expr]:
    """Texts among the arguments, also behind a variable, `or`, `if` and `+`, and in lists and pairs."""
    names = dict(assigned)
    todo: list[ast.AST] = [*call.args, *(word.value for word in call.keywords)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Constant | ast.JoinedStr):
            yield node
        elif isinstance(node, ast.Name):
            todo += names.pop(node.id, [])
        elif isinstance(
            node, ast.BoolOp | ast.IfExp | ast.BinOp | ast.List | ast.Tuple | ast.Dict | ast.Starred
        ):
            todo += ast.iter_child_nodes(node)


def _text(node: ast.AST) -> str:
    """A text as it is written, with § for its fields; empty for what is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "§" for part in node.values)
    return ""


def _exempt(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings; click's help, which is the documentation of the command line; the log; our own mistakes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif _not_for_people(node):
            yield from ast.walk(node)


def _not_for_people(node: ast.AST) -> bool:
    match node:
        case ast.keyword(arg="help"):
            return True
        case ast.Call():
            of_ours = {"AssertionError", "TypeError", "ValueError", "Setting"}
            return _name(node) in of_ours or ast.unparse(node.func).startswith("logger.")
        case ast.Assign() | ast.AnnAssign():
            return _is_help(node)
        case _:
            return False


def _is_help(node: ast.Assign | ast.AnnAssign) -> bool:
    """The command line's own list of its commands, as its help prints it."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == "COMMANDS" for target in targets)


def files() -> list[str]:
    names = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))
    return [name for name in names if not name.startswith(NOT_OURS)]


@pytest.mark.parametrize("name", files())
def test_sentences_stand_in_the_catalogue(name: str) -> None:
    assert sentences(PACKAGE / name) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise TsalabError("It broke", "because", "mend it")',
        'StepError.block_missing(file, f"the comment {anchor}")',
        'return Finding(False, "there is no cluster", expected, "")',
        'view.line("Taking the template")',
        'view.stage(name, "not started")',
        'click.echo(f"step {number} of {count}" if count else "")',
        'note(said or "nothing is left")',
        'table(rows, ["Old table", "Rows"])',
        '_NEXT = "Run the cell again."',
        'fix = f"make it writable, or set {name}"; return Finding(name, False, saw, fix)',
        'return f"Mend {file} and save it."',
    ],
)
def test_a_sentence_in_the_code_is_found(code: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(f"def use():\n    {code}\n", encoding="utf-8")
    assert sentences(tmp_path / "module.py", tmp_path)


@pytest.mark.parametrize(
    "code",
    [
        '"""Do it. It says what it does."""',
        'view.line(say("step.taking", name=name))',
        'server.run("forever list --plain")',
        'cursor.execute("SELECT COUNT(*) FROM photos")',
        'logger.warning("the starter is gone: %s", error)',
        'click.option("--keep", help="Leave the sandbox running when the lab has ended.")',
        'raise TypeError("a Redactor is not to be written anywhere")',
    ],
)
def test_what_is_no_sentence_for_a_person_is_left_alone(code: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(f"def use():\n    {code}\n", encoding="utf-8")
    assert sentences(tmp_path / "module.py", tmp_path) == []

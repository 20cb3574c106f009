"""The calls of AWS that stand in the code: found by reading it, not by running it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tsalab"
_ASIDE = {"get_paginator", "get_waiter"}  # name the operation in their argument
_NO_CALL = {"exceptions", "meta"}


@dataclass
class Module:
    """What one module calls, and what it reads by name.

    Attributes
    ----------
    calls
        Parameters by service and operation, as far as they are named in the call.
    open_ended
        Calls that also take ``**parameters``, or are handed on uncalled.
    keys
        Every literal that something is subscripted or asked with.
    strings
        Every literal.
    compared
        Every literal that an error's code is held against.
    unread
        Uses of a client that this walk does not understand: each is a defect.
    """

    name: str
    calls: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    open_ended: set[tuple[str, str]] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    compared: set[str] = field(default_factory=set)
    unread: list[str] = field(default_factory=list)


def modules() -> list[Module]:
    """Every module of the library, without the sandbox, that has to do with a client."""
    files = [path for path in sorted(PACKAGE.rglob("*.py")) if "sandbox" not in path.parts]
    read = [walk(path.read_text(encoding="utf-8"), str(path.relative_to(PACKAGE))) for path in files]
    return [module for module in read if module.calls or module.unread]


def walk(text: str, name: str) -> Module:
    """Read one module."""
    tree = ast.parse(text)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    module = Module(
        name,
        keys=set(_keys(tree)),
        strings={text for text in strings if isinstance(text, str)},
        compared=set(_compared(tree)),
    )
    for scope in _scopes(tree):
        named, paged = _names(scope.names)
        for node in ast.walk(scope.node):
            service = _service(node, named)
            if service is not None and isinstance(used := parents[node], ast.Attribute):
                _use(module, service, used, parents, paged)
            elif _is_client(node) and not _kept(parents[node]):
                module.unread.append(f"{name}:{node.lineno}")  # type: ignore[attr-defined]
    module.unread += [f"{name}:{node.lineno}" for node in ast.walk(tree) if _dynamic(node)]  # type: ignore[attr-defined]
    return module


@dataclass
class _Scope:
    """A function or method, and what else gives names to what it uses: its class."""

    node: ast.FunctionDef
    names: list[ast.AST]


def _scopes(tree: ast.Module) -> Iterator[_Scope]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield _Scope(node, [node])
        elif isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            own = [method for method in methods if method.name == "_api"]
            yield from (_Scope(method, [*own, method]) for method in methods)


def _kept(used: ast.AST) -> bool:
    """A client is made ahead (a statement of its own), kept under a name or given back by `_api`."""
    return isinstance(used, ast.Expr | ast.Assign | ast.Return | ast.Tuple)


def _dynamic(node: ast.AST) -> bool:
    """``getattr`` of a client: an operation that nobody can read."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr"):
        return False
    return any(word in ast.unparse(node.args[0]) for word in ("client(", "_api", "api"))


def _is_client(node: ast.AST) -> bool:
    """Whether a client is made or asked for here, whatever it is a client of."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client"


def _client(node: ast.AST) -> str | None:
    """The service of ``….client("service")``."""
    if _is_client(node):
        first = node.args[0]  # type: ignore[attr-defined]
        return first.value if isinstance(first, ast.Constant) else None
    return None


def _names(scope: list[ast.AST]) -> tuple[dict[str, str], dict[str, str]]:
    """Services by the names their clients have, and operations by the names their paginators have."""
    named: dict[str, str] = {}
    paged: dict[str, str] = {}
    for node in (node for part in scope for node in ast.walk(part)):
        if isinstance(node, ast.FunctionDef) and node.name == "_api":
            named["self._api"] = next(s for part in ast.walk(node) if (s := _client(part)))
        elif isinstance(node, ast.Assign):
            for target, value in _pairs(node):
                if service := _client(value):
                    assert named.get(target, service) == service, f"{target} is two services' client"
                    named[target] = service
                elif operation := _paginator(value):
                    paged[target] = operation
    return named, paged


def _pairs(node: ast.Assign) -> Iterator[tuple[str, ast.AST]]:
    target = node.targets[0]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        yield from (
            (ast.unparse(one), value) for one, value in zip(target.elts, node.value.elts, strict=True)
        )
    else:
        yield ast.unparse(target), node.value


def _service(node: ast.AST, named: dict[str, str]) -> str | None:
    if service := _client(node):
        return service
    return named.get(ast.unparse(node)) if isinstance(node, ast.Name | ast.Attribute) else None


def _paginator(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ASIDE:
        first = node.args[0]
        return first.value if isinstance(first, ast.Constant) else None
    return None


def _use(
    module: Module, service: str, used: ast.Attribute, parents: dict[ast.AST, ast.AST], paged: dict[str, str]
) -> None:
    call = parents[used]
    if used.attr in _NO_CALL:
        return
    if used.attr not in _ASIDE:
        called = isinstance(call, ast.Call) and call.func is used
        _note(module, (service, used.attr), call if called else None)
        return
    operation = _paginator(call)
    if operation is None:
        module.unread.append(f"{module.name}:{used.lineno}")
        return
    module.calls[service, operation] |= set()
    outer = parents[call]
    if isinstance(outer, ast.Attribute) and outer.attr == "paginate":
        _note(module, (service, operation), parents[outer])
    for name in [name for name, known in paged.items() if known == operation]:
        for node in parents:
            if isinstance(node, ast.Call) and ast.unparse(node.func) == f"{name}.paginate":
                _note(module, (service, operation), node)


def _note(module: Module, key: tuple[str, str], call: ast.AST | None) -> None:
    known = module.calls[key]
    if not isinstance(call, ast.Call):
        module.open_ended.add(key)
        return
    for keyword in call.keywords:
        if keyword.arg is None:
            module.open_ended.add(key)
        elif keyword.arg != "PaginationConfig":
            known.add(keyword.arg)


def _keys(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        found: ast.AST | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            found = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            found = node.args[0] if node.args else None
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
            found = node.left
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.value


def _compared(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and "error_code(" in ast.unparse(node.left):
            for part in ast.walk(node.comparators[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value
        elif isinstance(node, ast.ExceptHandler) and node.type is not None:
            words = ast.unparse(node.type).split(".")
            if "exceptions" in words:
                yield words[-1]

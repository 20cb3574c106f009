"""Where the templates and notebooks are: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    checkout = _PACKAGE.parent / name
    return checkout if (_PACKAGE.parent / "pyproject.toml").exists() else _PACKAGE / "_data" / name


def templates() -> Path:
    """Folder ``templates``: what a lab starts from and is compared with."""
    return _folder("templates")


def notebooks() -> Path:
    """Folder ``notebooks``: what people open."""
    return _folder("notebooks")

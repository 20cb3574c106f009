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


VARIANTS = AS_WRITTEN, CURRENT = ("as-written", "current")


def quoted(file: str, variant: str) -> str:
    """A block of the lab: the variant's own, else the one that the lab was written with.

    Parameters
    ----------
    file
        Its name in ``templates/fragments/<variant>``.
    variant
        ``as-written``, the lab as its author wrote it, or ``current``, what AWS accepts
        today: it holds only what differs.
    """
    folder = templates() / "fragments"
    own = folder / variant / file
    return (own if own.is_file() else folder / AS_WRITTEN / file).read_bytes().decode()


def notebooks() -> Path:
    """Folder ``notebooks``: what people open."""
    return _folder("notebooks")

"""Where exports are written: a folder that is not there is made, and what cannot be written is named."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tsalab.errors import GradeError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def folder(path: Path) -> Path:
    """A folder, made where it is not there.

    Raises
    ------
    GradeError
        When it cannot be.
    """
    with _named(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def opened(path: Path) -> TextIO:
    """A new text file in UTF-8, whose line ends stay as they are written.

    Raises
    ------
    GradeError
        When it cannot be made; also later, when what is written finds no room.
    """
    folder(path.parent)
    with _named(path):
        return io.TextIOWrapper(io.BufferedWriter(_File(path, "w")), encoding="utf-8", newline="")


class _File(io.FileIO):
    """A file that says which one it is when a disk is full, however far up the text was buffered."""

    def write(self, data: ReadableBuffer, /) -> int:
        with _named(Path(str(self.name))):
            return super().write(data)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise GradeError.unwritable(path, error.strerror or str(error)) from error

"""Where exports are written: a folder that is not there is made, and what cannot be written is named."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from tsalab.errors import GradeError


def folder(path: Path) -> Path:
    """A folder, made where it is not there.

    Raises
    ------
    GradeError
        When it cannot be.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GradeError.unwritable(path, error.strerror or str(error)) from error
    return path


def opened(path: Path) -> TextIO:
    """A new text file in UTF-8, whose line ends stay as they are written.

    Raises
    ------
    GradeError
        When it cannot be made.
    """
    folder(path.parent)
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise GradeError.unwritable(path, error.strerror or str(error)) from error

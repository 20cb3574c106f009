"""Replace a file in one go, for whoever may read it or for its owner alone; texts that any file can hold."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def plain(text: str) -> str:
    """A text without halves of surrogate pairs, which no file in UTF-8 can hold; ``?`` in their place."""
    return text.encode("utf-8", "replace").decode("utf-8")


def replace_bytes(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it sees the old content or the new, never a part.

    A link stays a link, and the file keeps its mode; a new one gets 0644.

    Parameters
    ----------
    path
        The file; its folder exists.
    content
        All of it.

    Raises
    ------
    OSError
        When it cannot be written, a full disk for instance; the old content is still there.
    """
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_private(path: Path, text: str) -> None:
    """Write a text file in one step, readable by its owner alone, in a private folder if that is new.

    It is not forced to the disk: a sandbox writes its state many times a second.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

"""How far a command has come with a file, asked on the side while it runs.

The lab's commands print nothing while they work (`mysqldump`, `mysql`), and are run as
printed; but the system knows how long a file has grown, and up to where a program has
read its standard input.
"""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tsalab.errors import ServerError
from tsalab.server.connection import Server

T = TypeVar("T")

_PAUSE = 0.3  # seconds between two looks; most commands have ended before the first
_PATIENCE = 10.0  # seconds that one look may take


@contextmanager
def watched(look: Callable[[], T | None], tell: Callable[[T], None]) -> Iterator[None]:
    """Look now and then, on a thread of its own, for the time of a block.

    Parameters
    ----------
    look
        Asks once; None when there is nothing to tell.
    tell
        Called with what was seen, on that thread.
    """
    over = threading.Event()

    def follow() -> None:
        while not over.wait(_PAUSE):
            try:
                seen = look()
            except ServerError:
                return  # whatever ails the server, the command itself will say
            if seen is not None and not over.is_set():
                tell(seen)

    thread = threading.Thread(target=follow, name="tsalab-watching", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def size(server: Server, file: str) -> int | None:
    """Bytes of a file; None while there is none."""
    said = server.run(f"stat -c %s {shlex.quote(file)}", check=False, timeout=_PATIENCE).stdout.strip()
    return int(said) if said.isdigit() else None


def read_of(server: Server, file: str) -> tuple[int, int] | None:
    """Bytes that some program of the login has read of a file on its standard input, and the file's size.

    None while no program has it there. The file is told by what it is, not by its path:
    two sessions need not see it under the same one.
    """
    name = shlex.quote(file)
    line = (
        f'for input in /proc/[0-9]*/fd/0; do if [ "$input" -ef {name} ]; then '
        f'grep ^pos: "${{input%/fd/0}}/fdinfo/0"; stat -c %s {name}; break; fi; done 2>/dev/null'
    )
    found = server.run(line, check=False, timeout=_PATIENCE).stdout.split()
    return (int(found[1]), int(found[2])) if len(found) == 3 else None

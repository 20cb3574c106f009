"""What is made once on this computer and shared by every sandbox: Node.js packages, an empty database.

Done before anything of a sandbox starts, so that a failing ``npm ci`` is told as what it is
and not as a web server that never answers.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tsalab import resources
from tsalab.messages import say


def lock_folders() -> list[Path]:
    """Folders with a `package-lock.json` whose packages the web server uses."""
    gallery = resources.templates() / "gallery"
    return [gallery / "host", gallery / "api"]


def prepare(on_event: Callable[[str], None]) -> None:
    """Make what is not in the cache yet.

    Parameters
    ----------
    on_event
        Called with one line when something takes its time.

    Raises
    ------
    SandboxError
        When npm or the database's installation fails, with what they said.
    """
    from tsalab.sandbox.machines import datadir, node_packages

    missing = [folder for folder in lock_folders() if not node_packages.place(folder).is_dir()]
    if missing:
        on_event(say("sandbox.told.node_packages"))
    with ThreadPoolExecutor() as threads:
        work = [threads.submit(node_packages.ensure, folder) for folder in missing]
        work.append(threads.submit(datadir.prepared))
        for each in work:
            each.result()

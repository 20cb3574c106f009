"""Where output goes: to a notebook's frontend, or lightly to a terminal.

Nothing is imported to find out: a kernel has IPython loaded before our first line runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Protocol, TextIO


class Screen(Protocol):
    """Something that can hold one output and replace it."""

    def publish(self, bundle: Mapping[str, Any], display_id: str, *, update: bool) -> None:
        """Show a mime bundle under its id, or replace the one shown."""


class KernelScreen:
    """The output area of the cell that is running."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def publish(self, bundle: Mapping[str, Any], display_id: str, *, update: bool) -> None:
        """Send a display message, as `IPython.display.display(raw=True)` does."""
        self._shell.display_pub.publish(
            data=dict(bundle), metadata={}, transient={"display_id": display_id}, update=update
        )


class TerminalScreen:
    """A terminal gets the last word of a step and no progress; a pipe gets nothing."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def publish(self, bundle: Mapping[str, Any], display_id: str, *, update: bool) -> None:  # noqa: ARG002
        """Print the first line of the text of a bundle that ends a step."""
        if update and self._stream.isatty():
            self._stream.write(str(bundle["text/plain"]).partition("\n")[0] + "\n")


def shell() -> Any | None:
    """The kernel's shell, or None outside a kernel."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython is not None else None
    return found if found is not None and hasattr(found, "kernel") else None


def screen() -> Screen:
    """The place for this process's outputs."""
    found = shell()
    return TerminalScreen() if found is None else KernelScreen(found)


def has_widgets() -> bool:
    """Whether a frontend that draws widgets is watching, as far as a kernel can know.

    A Jupyter server names the notebook to the kernels it starts (``JPY_SESSION_NAME``);
    VS Code leaves a variable in the namespace. papermill and nbconvert do neither, and a
    widget made for them would only end up in the notebook's metadata.
    """
    found = shell()
    if found is None:
        return False
    return "JPY_SESSION_NAME" in os.environ or "__vsc_ipynb_file__" in found.user_ns

"""A question to whoever runs the cell, where there is somebody."""

from __future__ import annotations

import sys


def ask(question: str) -> str | None:
    """Ask, and wait for the answer.

    Parameters
    ----------
    question
        In one line.

    Returns
    -------
    str or None
        What was typed, without white space around it; None when nobody can be asked, as
        under papermill.
    """
    if not _in_a_kernel() and not sys.stdin.isatty():
        return None
    from IPython.core.error import StdinNotImplementedError

    try:
        return input(f"{question} ").strip()
    except (StdinNotImplementedError, EOFError):  # nobody takes questions; a closed terminal
        return None


def _in_a_kernel() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")

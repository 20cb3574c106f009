"""Move a photo gallery to Aurora Serverless, step by step, in Jupyter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsalab.lab import Lab

__all__ = ["Lab"]


def __getattr__(name: str) -> Any:
    """Import `Lab` when it is first asked for: the command line starts without boto3."""
    if name == "Lab":
        from tsalab.lab import Lab

        return Lab
    raise AttributeError(name)

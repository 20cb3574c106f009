"""A learner's own work as one file, ``work.zip``, handed in beside the notebook.

It holds what the learner made and nothing of what it was made with: the template, the
app's commits, and what the moved tables held, as numbers. No data, no keys, no passwords.
"""

from __future__ import annotations

from tsalab.handin.packing import pack, packed
from tsalab.handin.work import NAME, Table, Work, WorkError, read

__all__ = ["NAME", "Table", "Work", "WorkError", "pack", "packed", "read"]

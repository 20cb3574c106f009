"""What a person sees: a live view while a step runs, and its static twin when it has ended.

The only package that imports ipywidgets and anywidget, and only when a live view is first shown. It
draws; it decides nothing and reads no cloud. Every value it is given is escaped here.
"""

from __future__ import annotations

from tsalab.show.amounts import BYTES
from tsalab.show.excerpt import excerpt
from tsalab.show.parts import Part, details, diff, log, note, pairs, picture, probes, table
from tsalab.show.step import StepView

__all__ = [
    "BYTES",
    "Part",
    "StepView",
    "details",
    "diff",
    "excerpt",
    "log",
    "note",
    "pairs",
    "picture",
    "probes",
    "table",
]

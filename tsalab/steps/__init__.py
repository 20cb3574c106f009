"""The steps of the lab, one module a section; each step has a *do*, a *check* and an *undo*.

A check only reads, and reads the real state; it never asks what a *do* remembered. A do
may run twice, or after a crash at any point, and ends in the same state.
"""

from __future__ import annotations

# Each module registers its steps in STEPS when it is read.
from tsalab.steps import cleanup, code, commit, data, infrastructure, template, visit, webserver
from tsalab.steps.place import Place
from tsalab.steps.step import STEPS, Finding, Outcome
from tsalab.steps.world import World

__all__ = [
    "STEPS",
    "Finding",
    "Outcome",
    "Place",
    "World",
    "cleanup",
    "code",
    "commit",
    "data",
    "infrastructure",
    "template",
    "undo",
    "visit",
    "webserver",
]

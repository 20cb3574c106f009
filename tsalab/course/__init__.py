"""The lab as data: its sections, its steps, how long each may take, what helps with each.

No code that acts lives here; `tsalab.steps` does and checks what is described here, and
`tsalab.guidance` shows what helps.
"""

from __future__ import annotations

from tsalab.course.course import CLEANUP, LAB, Course, Step
from tsalab.course.guide import LEVELS, Edit, Guide, guide

__all__ = ["CLEANUP", "LAB", "LEVELS", "Course", "Edit", "Guide", "Step", "guide"]

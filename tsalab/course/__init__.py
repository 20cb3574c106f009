"""The lab as data: its sections, its steps, how long each may take, how to do it by hand.

No code that acts lives here; `tsalab.steps` does and checks what is described here.
"""

from __future__ import annotations

from tsalab.course.course import CLEANUP, LAB, Course, Step

__all__ = ["CLEANUP", "LAB", "Course", "Step"]

"""CloudTrail's events, read from the files that AWS delivers, and held against what records claim.

An event is AWS's own word on a call: who, what, when, on what. Files are believed as they
are given, for they come from the grader and not from a learner; what contradicts itself is
refused. Nothing here asks AWS.
"""

from __future__ import annotations

from tsalab.grade.trail.agreeing import agree
from tsalab.grade.trail.events import Event, Events, TrailError, of_records
from tsalab.grade.trail.files import read
from tsalab.grade.trail.footprints import NAMES

__all__ = ["NAMES", "Event", "Events", "TrailError", "agree", "of_records", "read"]

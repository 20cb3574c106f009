"""Statements of the source, rewritten for the target, each change with its reason.

`tokens` takes SQL apart, `statement` and `attributes` a CREATE TABLE; `tables` puts it together
for a target (`columns`, `keys`, `options`, `collations` know what it needs), `objects` does so for
views, triggers, routines and events. Nothing here asks a server: what a server has is told by
`catalogue.Server`.
"""

from __future__ import annotations

from tsalab.migrate.ddl.findings import Findings
from tsalab.migrate.ddl.tables import rewrite

__all__ = ["Findings", "rewrite"]

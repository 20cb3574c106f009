"""Move a MySQL database: plan, snapshot, copy, verify.

Usable on its own: it knows neither AWS nor SSH nor widgets, only two logins. `prepare`
creates the empty tables, `copy` fills them from one consistent snapshot and verifies each
before its commit, `compare` tells afterwards whether both sides hold the same. The source
is only ever read. `make_plan` says all that a migration will do, before anything is written:
`catalogue` reads the source, `ddl` rewrites for the target.

The copy is still the plain engine: rows travel through Python. What is left out of it (views,
triggers, routines, events) is reported in `Prepared.left_out`, never skipped in silence.
"""

from __future__ import annotations

from tsalab.migrate.catalogue import tables
from tsalab.migrate.comparison import Comparison, TableComparison, compare
from tsalab.migrate.copying import Copied, Progress, Report, copy
from tsalab.migrate.digests import TableDigest, count, digest
from tsalab.migrate.dump import DumpFacts, read_dump
from tsalab.migrate.login import Login, connect
from tsalab.migrate.marks import Marks, marks, written
from tsalab.migrate.model import Plan
from tsalab.migrate.planning import make_plan
from tsalab.migrate.preparing import Prepared, plan, prepare
from tsalab.migrate.questions import connections_of, databases_with, row_counts, server_version
from tsalab.migrate.removal import drop_tables

__all__ = [
    "Comparison",
    "Copied",
    "DumpFacts",
    "Login",
    "Marks",
    "Plan",
    "Prepared",
    "Progress",
    "Report",
    "TableComparison",
    "TableDigest",
    "compare",
    "connect",
    "connections_of",
    "copy",
    "count",
    "databases_with",
    "digest",
    "drop_tables",
    "make_plan",
    "marks",
    "plan",
    "prepare",
    "read_dump",
    "row_counts",
    "server_version",
    "tables",
    "written",
]

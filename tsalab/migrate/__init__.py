"""Move a MySQL database: plan, snapshot, copy, verify.

Usable on its own: it knows neither AWS nor SSH nor widgets, only two logins. A `Migration`
plans what it will do before anything is written (`catalogue` reads the source, `ddl` rewrites
for the target, with reasons), copies every table from one consistent snapshot, proves each
piece before its commit, and goes on where an earlier run was cut off. `compare` tells
afterwards, by another way than the copy's, whether both sides hold the same. The source is
only ever read.
"""

from __future__ import annotations

from tsalab.migrate.catalogue import PRIVATE_PREFIX, tables
from tsalab.migrate.comparison import Comparison, TableComparison, compare
from tsalab.migrate.digests import TableDigest, count, digest
from tsalab.migrate.dump import DumpFacts, read_dump
from tsalab.migrate.events import Event, Phase
from tsalab.migrate.login import Login, connect
from tsalab.migrate.marks import Marks, marks, written
from tsalab.migrate.migration import Migration, Options
from tsalab.migrate.model import Plan
from tsalab.migrate.planning import make_plan
from tsalab.migrate.questions import connections_of, databases_with, encryption, row_counts, server_version
from tsalab.migrate.removal import drop_database, drop_notes, drop_tables, empty_tables
from tsalab.migrate.report import Report, TableReport
from tsalab.migrate.scratch import scratch
from tsalab.migrate.verification import Verify

__all__ = [
    "PRIVATE_PREFIX",
    "Comparison",
    "DumpFacts",
    "Event",
    "Login",
    "Marks",
    "Migration",
    "Options",
    "Phase",
    "Plan",
    "Report",
    "TableComparison",
    "TableDigest",
    "TableReport",
    "Verify",
    "compare",
    "connect",
    "connections_of",
    "count",
    "databases_with",
    "digest",
    "drop_database",
    "drop_notes",
    "drop_tables",
    "empty_tables",
    "encryption",
    "make_plan",
    "marks",
    "read_dump",
    "row_counts",
    "scratch",
    "server_version",
    "tables",
    "written",
]

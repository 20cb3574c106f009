"""Move a database by our engine: ``moving.py SOURCE_PORT TARGET_PORT DATABASE full|counts|none``."""

from __future__ import annotations

import json
import os
import sys

from tsalab.migrate import Login
from tsalab.migrate.migration import Migration, Options
from tsalab.migrate.verification import Verify


def main(source: str, target: str, database: str, verify: str) -> None:
    """Move it, and write the report as JSON."""
    who = (os.environ["BENCH_USER"], os.environ["BENCH_PASSWORD"], database)
    logins = [
        Login("127.0.0.1", int(port), *who, role) for port, role in ((source, "source"), (target, "target"))
    ]
    report = Migration(*logins, Options(verify=Verify(verify))).run()
    json.dump(report.as_dict(), sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])

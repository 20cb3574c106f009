"""A migration in a process of its own, to be killed: ``python mover.py``, its words as JSON on stdin."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from tsalab.errors import TsalabError
from tsalab.migrate import Login, Migration, Options


def main() -> int:
    given = json.load(sys.stdin)
    source, target = (Login(**given[side]) for side in ("source", "target"))
    try:
        report = Migration(source, target, Options(resume=given.get("resume", True))).run()
    except TsalabError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps({"rows": report.rows, "peak": peak()}))
    return 0


def peak() -> int:
    """Bytes this process had at the most; unlike `getrusage`, not what its parent had when it forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


if __name__ == "__main__":
    sys.exit(main())

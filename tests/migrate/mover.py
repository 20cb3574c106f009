"""A migration in a process of its own, to be killed: ``python mover.py``, its words as JSON on stdin."""

from __future__ import annotations

import json
import resource
import sys

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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB
    sys.stdout.write(json.dumps({"rows": report.rows, "peak": peak * 1024}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A replication in a process of its own, to be killed: its words as JSON on stdin, a line when it runs."""

from __future__ import annotations

import json
import sys

from tsalab.errors import TsalabError
from tsalab.migrate import Login
from tsalab.migrate.capture import Figures, Position, Replication


def main() -> int:
    given = json.load(sys.stdin)
    source, target = (Login(**given[side]) for side in ("source", "target"))
    told = False

    def tell(_: Figures) -> None:
        nonlocal told
        if not told:
            told = True
            sys.stdout.write("follows\n")
            sys.stdout.flush()

    start = given.get("start")
    try:
        Replication(source, target, start=start and Position.parse(start)).run(tell)
    except TsalabError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

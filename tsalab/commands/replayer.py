"""``python -m tsalab.commands.replayer``: the process of one replay; no command for people.

`tsalab.commands.replaying` starts it. What it prints on its standard output is a JSON line a
step; everything that the lab itself shows goes elsewhere.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tsalab.errors import TsalabError


def main() -> int:
    """Replay the archive, on the sandbox, in the folder that the arguments name."""
    # What the lab, or a library, prints must not be taken for what this process tells.
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    archive, name, workdir = sys.argv[1:]

    from tsalab.sandbox import manager
    from tsalab.witness.replay import replay

    try:
        manager.up(name)
        for seen in replay(Path(archive).read_bytes(), name, Path(workdir)):
            said.write(json.dumps(seen.to_json()) + "\n")
            said.flush()
    except TsalabError as error:
        said.write(json.dumps({"error": f"{error.what} {error.why}"}) + "\n")
        said.flush()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Time of going back to before each section, and of doing what follows again.

One sandbox, one lab at its end; each round goes back to every section and forward again.
Figures are medians; they are added to ``build/bench.json``. Usage:
``python tests/bench/going_back.py [--rounds N]``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tsalab.course import LAB
from tsalab.lab import Lab
from tsalab.reset import place_of, reset

BUILD = Path("build")
AIM = 3.0  # seconds for a reset, at the median


@contextmanager
def at_the_end(folder: Path) -> Iterator[Lab]:
    """A lab at its end, on a sandbox of its own."""
    os.environ["TSALAB_HOME"] = str(folder / "home")
    command = [sys.executable, "-m", "tsalab", "sandbox"]
    subprocess.run([*command, "up", "--name", "bench"], check=True, capture_output=True)
    try:
        lab = Lab.open("bench", workdir=str(folder / "work"))
        forward(lab, 1)
        yield lab
        lab.close()
    finally:
        subprocess.run([*command, "down", "--name", "bench", "--delete"], check=True, capture_output=True)


def forward(lab: Lab, first: int) -> None:
    """Run the notebook's cells from one step on."""
    for step in LAB.steps:
        if int(step.id) >= first:
            exec(step.call, {"lab": lab})  # noqa: S102 - the course's own cells


def measured(lab: Lab, rounds: int) -> dict[str, list[float]]:
    """Seconds of each reset and of each redo."""
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for section in reversed(LAB.sections):
            began = time.perf_counter()
            reset(lab, section, yes=True)
            back = time.perf_counter()
            forward(lab, place_of(section))
            found[f"reset to {section}"].append(back - began)
            found[f"redo from {section}"].append(time.perf_counter() - back)
    return found


def main() -> int:
    """Measure, print, and add to the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    with (
        tempfile.TemporaryDirectory(prefix="tsalab-bench-") as place,
        at_the_end(Path(place)) as lab,
    ):
        found = measured(lab, parser.parse_args().rounds)
    every = [seconds for name, times in found.items() if name.startswith("reset") for seconds in times]
    medians = {name: statistics.median(times) for name, times in sorted(found.items())}
    medians["reset, all sections"] = statistics.median(every)
    path = BUILD / "bench.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    rows = [row for row in known if row["name"] not in medians]
    for name, seconds in medians.items():
        aim = AIM if name.startswith("reset") else None
        row = {"name": name, "value": round(seconds, 3), "unit": "s", "baseline": aim}
        rows.append(row | {"ratio": round(seconds / aim, 2) if aim else None})
        sys.stdout.write(f"{name:60} {seconds:8.3f} s  {f'(aim: {aim:g} s)' if aim else ''}\n")
    BUILD.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What came out: a table a race, and rows for the file."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from migration.data import MB
from migration.rounds import FLOOR, Race, Rounds
from migration.servers import SETTINGS
from migration.spending import Spent

# Whose time the others' is held against: name, and its short one.
AGAINST = {"mysqldump | mysql": "mysqldump", "mydumper + myloader": "mydumper", FLOOR: "floor"}
_HEAD = f"{'':24}{'seconds (least to most)':>26}{'× mysqldump':>13}{'× mydumper':>12}{'× floor':>9}"
_HEAD += f"{'client':>9}{'source':>8}{'target':>8}{'memory':>9}"


def lines(rounds: Rounds) -> Iterator[str]:
    """The tables, for people."""
    if not rounds.files:
        return
    yield f"Both servers: {SETTINGS}."
    yield "× is how many times faster, the median over rounds; client, source and target: seconds of"
    yield "processor time; memory: MB of the client's processes at most."
    for race in rounds.races:
        size = rounds.files[race.database].size / MB
        yield ""
        yield f"{race}: {size:.0f} MB as text"
        yield _HEAD
        for name, spent in _of(rounds, race):
            ratios = {short: ratio(rounds, race, name, other) for other, short in AGAINST.items()}
            walls = [one.wall for one in spent]
            span = f"{statistics.median(walls):.1f} ({min(walls):.1f} to {max(walls):.1f})"
            line = f"{name:24}{span:>26}" + "".join(
                f"{'' if ratios[short] is None else f'{ratios[short]:.2f}':>{width}}"
                for short, width in (("mysqldump", 13), ("mydumper", 12), ("floor", 9))
            )
            for field, width in (("client", 9), ("source", 8), ("target", 8), ("memory", 9)):
                none = name == FLOOR and field in {"client", "memory"}
                shown = "" if none else f"{_median(spent, field):.1f}"
                line += f"{shown:>{width}}"
            yield line
        for (which, name), why in rounds.failed.items():
            if which == race:
                yield f"{name:24}failed: {' '.join(why.splitlines()[-3:])}"


def rows(rounds: Rounds) -> Iterator[dict[str, object]]:
    """The same for the file, in the others' form with more beside it; a failure has a row too."""
    for race in rounds.races:
        label = f"migration, {race}, {rounds.megabytes} MB"
        # Else an earlier run's success would stay in the file under this name.
        for (which, name), why in rounds.failed.items():
            if which == race:
                failed: dict[str, object] = dict.fromkeys(("value", "baseline", "ratio"))
                yield {"name": f"{label}: {name}", "unit": "s", **failed, "failed": why}
        for name, spent in _of(rounds, race):
            base = rounds.spent.get((race, next(iter(AGAINST))))
            walls = [one.wall for one in spent]
            yield {
                "name": f"{label}: {name}",
                "value": round(statistics.median(walls), 3),
                "unit": "s",
                "baseline": round(_median(base, "wall"), 3) if base else None,
                "ratio": round(1 / faster, 3)
                if (faster := ratio(rounds, race, name, next(iter(AGAINST))))
                else None,
                "least": round(min(walls), 3),
                "most": round(max(walls), 3),
                "rounds": len(walls),
                "times faster than": {
                    short: round(found, 3)
                    for other, short in AGAINST.items()
                    if (found := ratio(rounds, race, name, other)) is not None
                },
                "cpu": {field: round(_median(spent, field), 2) for field in ("client", "source", "target")},
                "memory_mb": round(_median(spent, "memory"), 1),
            }


def ratio(rounds: Rounds, race: Race, name: str, other: str) -> float | None:
    """How many times faster than another, the median over the rounds; None when one did not run."""
    theirs, own = rounds.spent.get((race, other)), rounds.spent[race, name]
    if not theirs:
        return None
    return statistics.median(one.wall / ours.wall for one, ours in zip(theirs, own, strict=True))


def _of(rounds: Rounds, race: Race) -> Iterator[tuple[str, list[Spent]]]:
    return ((name, spent) for (which, name), spent in sorted_runs(rounds) if which == race)


def sorted_runs(rounds: Rounds) -> list[tuple[tuple[Race, str], list[Spent]]]:
    """Runs with the contestants in one order, whoever was the first."""
    order = [*AGAINST][:-1]
    last = len(order)
    return sorted(
        rounds.spent.items(),
        key=lambda item: (order.index(item[0][1]) if item[0][1] in order else last, item[0][1]),
    )


def _median(spent: list[Spent], field: str) -> float:
    return statistics.median(getattr(one, field) for one in spent)

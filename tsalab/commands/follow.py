"""``tsalab migrate --follow``: what the source goes on to do, done on the target until the cut-over."""

from __future__ import annotations

import signal
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tsalab.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tsalab.migrate import Login, Report
    from tsalab.migrate.capture import Figures

_OFTEN = 1.0  # seconds between two lines


def goes_on(target: Login) -> bool:
    """Whether the target was followed already, so that nothing is to be copied."""
    from tsalab.migrate.capture import noted

    return noted(target) is not None


def follow(
    source: Login,
    target: Login,
    report: Report | None,
    console: Console,
    *,
    tables: tuple[str, ...],
    caught_up: bool,
) -> dict[str, Any]:
    """Follow until Ctrl-C, or until the target has what the source has now; how far it came, as a document.

    Parameters
    ----------
    report
        Of the copy; None to go on where the target is.
    caught_up
        Whether to end there.

    Raises
    ------
    MigrationError
        When the changes cannot be followed.
    """
    from tsalab.migrate.capture import Replication, current_position

    replication = (
        Replication(source, target, tables=tables)
        if report is None
        else Replication.after(report, source, target, tables=tables)
    )
    told = 0.0

    def tell(figures: Figures) -> None:
        nonlocal told
        if time.monotonic() - told >= _OFTEN:
            told = time.monotonic()
            console.print(_line(figures))

    def end(_number: int, _frame: object) -> None:
        # At the next transaction's end; who asks twice does not wait for it.
        replication.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, end)
    try:
        figures = replication.run(tell, until=current_position(source) if caught_up else None)
    finally:
        signal.signal(signal.SIGINT, before)
    console.print(_line(figures))
    return {
        "kind": "capture",
        **asdict(figures),
        "position": str(figures.position),
        "source_position": str(figures.source_position),
    }


def _line(figures: Figures) -> str:
    return say(
        "commands.migrate.follows",
        position=figures.position,
        transactions=figures.transactions,
        lag=figures.lag_seconds or 0.0,
        bytes=figures.lag_bytes or 0,
    )

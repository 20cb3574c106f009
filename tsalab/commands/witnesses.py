"""The witnesses that ``tsalab grade`` is asked for by its options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tsalab.messages import say

if TYPE_CHECKING:
    from tsalab.grade import Rubric, Witness
    from tsalab.grade.exports.people import Person


def witnesses(
    options: Mapping[str, Any], paths: Sequence[Path], rubric: Rubric, people: Mapping[str, Person]
) -> list[Witness]:
    """Everybody who is to be heard besides the notebooks.

    Parameters
    ----------
    options
        Of the command.
    paths
        What was handed in.
    rubric
        What it is held against.
    people
        From the roster.

    Raises
    ------
    GradeError
        When one of them cannot speak.
    LedgerError
        When what is to be trusted is no key.
    """
    found = _ledgers(options["ledger"], options["trust"])
    if options["live"]:
        from tsalab.witness import Live, whose

        profiles = whose(paths, options["profile"], people)
        found.append(Live(profiles, tuple(rubric.points), options["bootstrap"]))
    elif options["profile"]:
        raise click.UsageError(say("commands.grade.not_live"))
    if options["trail"]:
        from tsalab.witness.trail import heard_from

        found.append(heard_from(options["trail"], paths, tuple(rubric.points), people))
    if options["replay"]:
        from tsalab.commands.replaying import Sandboxed
        from tsalab.witness.replay import Replay

        found.append(Replay(Sandboxed(options["replay_seconds"])))
    return found


def _ledgers(paths: Sequence[Path], trust: Sequence[str]) -> list[Witness]:
    from tsalab.grade import find_ledgers
    from tsalab.ledger import keys

    if bool(paths) != bool(trust):
        raise click.UsageError(say("commands.grade.no_trust"))
    return [find_ledgers(paths, map(keys.read_public, trust))] if paths else []

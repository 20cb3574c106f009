"""Colours of the pictures, for a light and a dark surroundings.

A picture brings its own background, so each colour is chosen against that one: text has
4.5:1 and more, lines and shapes 3:1 and more (WCAG 2.2); a test computes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tsalab.architecture import State


@dataclass(frozen=True)
class Palette:
    """One scheme.

    Parameters
    ----------
    card, frame
        Backgrounds: of the picture, and of what groups parts in it.
    edge
        Outline of the picture itself, which tells nothing.
    ink, muted, line
        Text, lesser text, and arrows.
    states
        Colour and background of each state.
    """

    card: str
    frame: str
    edge: str
    ink: str
    muted: str
    line: str
    states: dict[State, tuple[str, str]]


LIGHT = Palette(
    card="#ffffff",
    frame="#f5f7fa",
    edge="#d0d7de",
    ink="#1f2328",
    muted="#57606a",
    line="#57606a",
    states={
        State.ABSENT: ("#57606a", "#f5f7fa"),
        State.CREATING: ("#0a55ad", "#e6f0fd"),
        State.AVAILABLE: ("#0f6a2e", "#e6f6ea"),
        State.PAUSED: ("#7a4b00", "#fff3d3"),
        State.FAILED: ("#a8121f", "#fdebeb"),
        State.UNKNOWN: ("#6336b0", "#f3edfc"),
    },
)
DARK = Palette(
    card="#10151b",
    frame="#171e26",
    edge="#30363d",
    ink="#e8edf2",
    muted="#a8b2bd",
    line="#929da9",
    states={
        State.ABSENT: ("#a8b2bd", "#171e26"),
        State.CREATING: ("#85c1ff", "#10243d"),
        State.AVAILABLE: ("#6fdd8b", "#10291b"),
        State.PAUSED: ("#f0c050", "#2d240f"),
        State.FAILED: ("#ff9a92", "#371518"),
        State.UNKNOWN: ("#d0b0ff", "#261b3b"),
    },
)


def rules(palette: Palette) -> str:
    """The scheme as CSS, one rule a class."""
    plain = (
        f".ta-card{{fill:{palette.card};stroke:{palette.edge}}}"
        f".ta-frame{{fill:{palette.frame};stroke:{palette.line}}}"
        f".ta-zone{{stroke:{palette.line}}}"
        f".ta-ink{{fill:{palette.ink}}}.ta-muted{{fill:{palette.muted}}}"
        f".ta-line{{stroke:{palette.line}}}.ta-tip{{fill:{palette.line}}}"
        f".ta-glyph{{stroke:{palette.muted}}}"
        f".ta-mark{{stroke:{palette.card}}}"
    )
    states = "".join(
        f".ta-{state.value}{{color:{colour}}}"
        f".ta-{state.value}-box{{fill:{background};stroke:{colour}}}"
        f".ta-{state.value}-word{{fill:{colour}}}"
        for state, (colour, background) in palette.states.items()
    )
    return plain + states

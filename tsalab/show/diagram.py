"""The architecture as a picture: SVG from data, without an address to load anything from.

The picture holds both layouts and both colour schemes, and chooses by its own size and
by what its reader prefers, so that it needs nothing from the page: it is shown as an
``<img>``, which sees no style of the notebook around it. It has a background of its own.
"""

from __future__ import annotations

from html import escape

from tsalab.architecture import Overview, Part, State
from tsalab.messages import say
from tsalab.show.glyphs import GLYPHS, MARKS, VISITOR
from tsalab.show.layout import NARROW, WIDE, Box, Layout, Line
from tsalab.show.palette import DARK, LIGHT, rules

HEIGHT = 540
"""Pixels it is to be shown with; the width is what the page gives."""
_NARROW_BELOW = 640
"""Pixels of width under which the narrow layout is readable and the wide one is not."""

_STYLE = (
    ".ta text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}"
    ".ta-title{font-size:14px;font-weight:600}.ta-under{font-size:12.5px}"
    ".ta-word{font-size:13px;font-weight:600}.ta-label{font-size:12.5px}"
    ".ta-card{stroke-width:1}.ta-frame{stroke-width:1}"
    ".ta-zone{fill:none;stroke-dasharray:2 4;stroke-width:1.2}"
    ".ta-box{stroke-width:1.6}.ta-absent-box{stroke-dasharray:5 4}"
    ".ta-line{fill:none;stroke-width:1.6}.ta-dashed{stroke-dasharray:4 4}"
    ".ta-glyph{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}"
    ".ta-mark{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}"
)
_LATE = (
    f"@media (prefers-color-scheme:dark){{{rules(DARK)}}}"
    f"@media (max-width:{_NARROW_BELOW - 1}.98px){{.ta-wide{{display:none}}}}"
    f"@media (min-width:{_NARROW_BELOW}px){{.ta-narrow{{display:none}}}}"
    "@media (prefers-reduced-motion:no-preference){"
    ".ta-turn{animation:ta-turn 1.6s linear infinite}@keyframes ta-turn{to{transform:rotate(360deg)}}}"
)


def svg(overview: Overview) -> str:
    """The picture.

    Parameters
    ----------
    overview
        What to show.
    """
    marks = "".join(f'<g id="ta-mark-{state.value}">{drawn}</g>' for state, drawn in MARKS.items())
    layouts = "".join(_layout(layout, overview) for layout in (WIDE, NARROW))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ta" width="100%" height="{HEIGHT}" role="img" '
        f'aria-labelledby="ta-name ta-states"><title id="ta-name">{escape(say("diagram.title"))}</title>'
        f'<desc id="ta-states">{escape(overview.sentence())}</desc>'
        f"<style>{_STYLE}{rules(LIGHT)}{_LATE}</style>"
        f"<defs>{marks}</defs>{layouts}</svg>"
    )


def _layout(layout: Layout, overview: Overview) -> str:
    size = f'width="100%" height="100%" viewBox="0 0 {layout.width:g} {layout.height:g}"'
    pieces = [
        f'<svg class="{layout.name}" {size} preserveAspectRatio="xMidYMid meet">',
        _rect(Box(0.5, 0.5, layout.width - 1, layout.height - 1), "ta-card", 12),
    ]
    outer, *subnets = layout.frames.items()
    pieces.append(_frame(overview.parts[outer[0]], outer[1], stacked=False))
    pieces += [_zone(name, box) for name, box in layout.zones.items()]
    pieces += [_frame(overview.parts[name], box, stacked=layout.stacked) for name, box in subnets]
    pieces += [_line(line, overview) for line in layout.lines]
    pieces += [_box(overview.parts[name], box) for name, box in layout.boxes.items()]
    pieces += [_inner(overview.parts[name], box) for name, box in layout.inner.items()]
    pieces.append(_visitor(*layout.visitor))
    return "".join(pieces) + "</svg>"


def _rect(box: Box, classes: str, radius: float) -> str:
    return (
        f'<rect class="{classes}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" '
        f'height="{box.height:g}" rx="{radius:g}"/>'
    )


def _text(x: float, y: float, classes: str, words: str, anchor: str = "") -> str:
    where = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{classes}" x="{x:g}" y="{y:g}"{where}>{escape(words)}</text>'


def _status(part: Part, x: float, y: float) -> str:
    """The state: its shape, then its word; `y` is the word's base line."""
    name = part.state.value
    return f'<g class="ta-{name}"><use href="#ta-mark-{name}" x="{x + 8:g}" y="{y - 4.5:g}"/></g>' + _text(
        x + 21, y, f"ta-word ta-{name}-word", part.status
    )


def _frame(part: Part, box: Box, *, stacked: bool) -> str:
    tint = "ta-frame" if part.state is State.AVAILABLE else f"ta-box ta-{part.state.value}-box"
    name = say(f"diagram.part.{part.id}.title")
    words = _text(box.x + 12, box.y + 19, "ta-title ta-ink", name)
    if stacked:
        return _rect(box, tint, 8) + words + _status(part, box.x + 12, box.y + 37)
    # Beside the name, which is at most that long.
    return _rect(box, tint, 8) + words + _status(part, box.x + 24 + 9.4 * len(name), box.y + 19)


def _zone(name: str, box: Box) -> str:
    label = _text(box.x + 10, box.y + 17, "ta-label ta-muted", say("diagram.zone", name=name.upper()))
    return _rect(box, "ta-zone", 8) + label


def _box(part: Part, box: Box) -> str:
    # Below on the right; beside the second line where another box stands there.
    x, y = (box.x + 92, box.y + 27) if part.id == "web-server" else (box.x + box.width - 30, box.y + 38)
    glyph = f'<g class="ta-glyph" transform="translate({x:g} {y:g})">'
    return (
        _rect(box, f"ta-box ta-{part.state.value}-box", 8)
        + f"{glyph}{GLYPHS[part.id]}</g>"
        + _text(box.x + 12, box.y + 22, "ta-title ta-ink", say(f"diagram.part.{part.id}.title"))
        + _text(box.x + 12, box.y + 38, "ta-under ta-muted", say(f"diagram.part.{part.id}.under"))
        + _status(part, box.x + 12, box.y + 56)
    )


def _inner(part: Part, box: Box) -> str:
    return (
        _rect(box, f"ta-box ta-{part.state.value}-box", 6)
        + _text(box.x + 10, box.y + 21, "ta-title ta-ink", say(f"diagram.part.{part.id}.title"))
        + _status(part, box.x + 10, box.y + 41)
    )


def _line(line: Line, overview: Overview) -> str:
    states = [overview.parts[end].state for end in line.ends if end in overview.parts]
    dashed = " ta-dashed" if line.dashed or State.ABSENT in states else ""
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in line.points)
    (x1, y1), (x2, y2) = line.points[-2:]
    dx, dy = (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)
    tip = f"M{x2:g} {y2:g}l{-9 * dx - 4.5 * dy:g} {-9 * dy - 4.5 * dx:g}l{9 * dy:g} {9 * dx:g}z"
    drawn = f'<path class="ta-line{dashed}" d="{path}"/><path class="ta-tip" d="{tip}"/>'
    return drawn + (
        _text(*line.at, "ta-label ta-muted", say(f"diagram.line.{line.label}")) if line.label else ""
    )


def _visitor(x: float, y: float) -> str:
    return f'<g class="ta-glyph" transform="translate({x:g} {y:g})">{VISITOR}</g>' + _text(
        x, y + 44, "ta-label ta-ink", say("diagram.visitor"), "middle"
    )

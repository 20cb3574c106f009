"""What a running step looks like: stages, progress bars and the last lines, as one piece of HTML.

With a frontend that draws widgets it is shown in one (no flicker, the scroll position
stays); elsewhere the output itself is replaced.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from html import escape
from typing import Any

from tsalab.show.parts import GREEN, GREY, RED, YELLOW, heading, log

_TINTS = {
    "done": GREEN,
    "passed": GREEN,
    "succeeded": GREEN,
    "failed": RED,
    "running": YELLOW,
    "inprogress": YELLOW,
}
_LINES = 200


@dataclass(frozen=True)
class Bar:
    """How far something has come; `total` 0 means that nobody knows."""

    done: float
    total: float
    detail: str


@dataclass
class Live:
    """The state that a live view shows."""

    title: str
    stages: dict[str, tuple[str, str]] = field(default_factory=dict)
    bars: dict[str, Bar] = field(default_factory=dict)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES))

    def html(self, seconds: float) -> str:
        """Markup of the state, `seconds` after the step began."""
        head = heading(self.title, YELLOW, f" · running · {seconds:.0f} s")
        pieces = [f'<div class="tsalab-step tsalab-running">{head}']
        if self.stages:
            pieces.append(f'<div style="margin: 4px 0">{"".join(map(_stage, self.stages.items()))}</div>')
        if self.bars:
            rows = "".join(_bar(label, bar) for label, bar in self.bars.items())
            pieces.append(
                f'<table class="tsalab-progress" style="margin: 4px 0"><tbody>{rows}</tbody></table>'
            )
        if self.lines:
            pieces.append(log(list(self.lines)[-12:]).html)
        return "".join(pieces) + "</div>"


def _stage(item: tuple[str, tuple[str, str]]) -> str:
    name, (status, detail) = item
    tint = _TINTS.get(status.lower(), GREY)
    more = f": {escape(detail)}" if detail else ""
    return (
        f'<span class="tsalab-stage" style="padding: 1px 8px; margin-right: 6px; background-color: {tint}">'
        f"{escape(name)} · {escape(status)}{more}</span> "
    )


def _bar(label: str, bar: Bar) -> str:
    if bar.total > 0:
        inside = f'<progress value="{min(bar.done, bar.total):g}" max="{bar.total:g}"></progress>'
        count = f"{bar.done:g} of {bar.total:g}"
    else:
        inside, count = "<progress></progress>", f"{bar.done:g}"
    return (
        f'<tr><td style="text-align: left">{escape(label)}</td><td>{inside}</td>'
        f'<td style="text-align: left">{count} {escape(bar.detail)}</td></tr>'
    )


class WidgetView:
    """One HTML widget, which leaves nothing behind when it is closed."""

    def __init__(self, html: str) -> None:
        from ipywidgets.widgets.widget_string import HTML

        make: Any = HTML  # ipywidgets has no types
        self._widget = make(value=html)

    @property
    def bundle(self) -> dict[str, Any]:
        """The part of a mime bundle that shows the widget."""
        return {
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self._widget.model_id,
            }
        }

    def update(self, html: str) -> None:
        """Show another state."""
        self._widget.value = html

    def close(self) -> None:
        """End the widget and the two models that belong to it."""
        layout, style = self._widget.layout, self._widget.style
        for model in (self._widget, layout, style):
            model.close()

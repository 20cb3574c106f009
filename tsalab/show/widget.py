"""The one widget: a running step in a frontend that draws widgets.

An anywidget, so that its front end is two files beside this one (`live.js`, `live.css`),
which travel with it: nothing is built, nothing is fetched. It is given markup that was
escaped here, and changes what it shows in place, so that nothing flickers and the scroll
position and the focus stay. Imported when a step first needs it: no other module may name
anywidget or ipywidgets.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

_HERE = Path(__file__).parent


class LiveWidget(anywidget.AnyWidget):
    """A running step.

    Parameters
    ----------
    html
        Markup of the state.
    svg, alt
        A diagram above it, if any, and the same in words.
    said
        What a screen reader is told when it changes.
    """

    # As text: anywidget would watch a path for changes.
    _esm: ClassVar[str] = (_HERE / "live.js").read_text(encoding="utf-8")
    _css: ClassVar[str] = (_HERE / "live.css").read_text(encoding="utf-8")
    html = traitlets.Unicode().tag(sync=True)
    svg = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)


class WidgetView:
    """One widget, which leaves nothing behind when it is closed.

    A step may end while the front end still makes the widget, and would fail at it if the
    model were gone. So it is closed when the front end has said that it is there: its word
    comes through the kernel's queue, after the cell. A front end that never says so has
    made nothing that could be left.
    """

    def __init__(self, **state: str) -> None:
        self._widget: Any = LiveWidget(**state)
        self._here = self._over = False
        self._widget.on_msg(self._on_message)

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

    def update(self, **state: str) -> None:
        """Show another state, in one message, of what has changed."""
        with self._widget.hold_sync():
            for name, value in state.items():
                setattr(self._widget, name, value)

    def _on_message(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        self._here = self._here or bool(content.get("here"))
        if self._here and self._over:
            self._end()

    def close(self) -> None:
        """End the widget, as soon as the front end has it."""
        self._over = True
        if self._here:
            self._end()

    def _end(self) -> None:
        """End the widget and the model of its layout."""
        layout = self._widget.layout
        for model in (self._widget, layout):
            model.close()

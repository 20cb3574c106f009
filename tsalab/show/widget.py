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
    """One widget, which leaves nothing behind when it is closed."""

    def __init__(self, **state: str) -> None:
        self._widget: Any = LiveWidget(**state)

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

    def close(self) -> None:
        """End the widget and the model of its layout."""
        layout = self._widget.layout
        for model in (self._widget, layout):
            model.close()

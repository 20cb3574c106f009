"""The view of one step: live while it runs, and one static output when it has ended.

The output keeps its display id, so what was shown is replaced and nothing of it stays:
no widget view, which would be blank in an exported notebook, and no widget state.

Updates may come from any thread while the step runs, faster than a frontend draws.
They are thinned to one an interval; a timer brings the last of them, and the view
waits for it before it ends, for a thread that outlives its cell loses its last words
under papermill.

Whatever a step reports (stages, events, bars, probes, lines, a diagram) is shown while it
runs and stays when it has ended: a step need not say it twice.
"""

from __future__ import annotations

import contextvars
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock, Timer, current_thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tsalab.messages import say
from tsalab.records import Record, Redactor
from tsalab.show import bundle, frontend
from tsalab.show.events import EventLike
from tsalab.show.live import Live
from tsalab.show.parts import Part
from tsalab.show.timeline import TimedProbe

if TYPE_CHECKING:
    from tsalab.show.widget import WidgetView

WIDGET_INTERVAL = 0.1
"""Seconds between two updates of a widget."""
PLAIN_INTERVAL = 0.5
"""Seconds between two replacements of the output, where no widget is: each redraws it all."""
HEARTBEAT = 1.0
"""Seconds after which a widget is drawn again though nothing was reported: times go on."""
PATIENCE = 0.2
"""Seconds a step runs before a widget is made for it: most end sooner, and need none."""


@dataclass
class Span:
    """When a stage began and ended: seconds on the monotonic clock; the end is 0 until it is done."""

    began: float
    ended: float = 0.0


class StepView:
    """What a person sees of a step. A context manager, for one use.

    Parameters
    ----------
    step
        1 to 30, ``"cleanup-1"`` to ``"cleanup-8"``, or another word for what is no step.
    title
        Of the step.
    redactor
        Masks secrets in everything shown and refuses them in the record.
    widgets
        Whether to show a widget while it runs; found out when None.
    screen
        Where to show it; found out when None.
    clock
        Seconds that only grow.

    Examples
    --------
    >>> with StepView(9, "Watch the pipeline") as view:  # doctest: +SKIP
    ...     view.stage("Source", "running")
    ...     view.progress("resources", 3, 4)
    ...     view.finish(record, [table(rows)])
    """

    def __init__(
        self,
        step: int | str,
        title: str,
        *,
        redactor: Redactor | None = None,
        widgets: bool | None = None,
        screen: frontend.Screen | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.title = bundle.name_of(step, title)
        self.display_id = f"tsalab-step-{step}-{uuid.uuid4().hex[:8]}"
        self._redactor = redactor or Redactor()
        self._live = Live(self.title, lambda text: self._redactor.mask(str(text)))
        self._screen = screen or frontend.screen()
        self._widgets = frontend.has_widgets() if widgets is None else widgets
        self._widget: WidgetView | None = None
        self._clock = clock
        self._began = self._drawn = clock()
        self._lock = RLock()
        self._timer: Timer | None = None
        self._idle = False
        self._shown = False
        self._held = False
        self._ended = False
        self._owner = current_thread()
        self._context = contextvars.copy_context()

    # What a step calls while it runs -----------------------------------------------

    def progress(
        self, label: str, done: float, total: float | None = None, unit: str = "", *, steady: bool = True
    ) -> None:
        """Say how far something has come; rate and time left are shown beside it.

        Parameters
        ----------
        label
            What: a table's name, a file. Each label has one bar, and bars of one unit that
            know their totals have one more for all of them.
        done, total
            In one unit; `total` None when nobody knows.
        unit
            The unit (``rows``; `tsalab.show.BYTES` are shown as kB and MB).
        steady
            Whether what is left takes its time as what is done did; else no rate is shown.
        """
        with self._lock:
            self._live.progress(label, done, total, unit, self._clock(), steady=steady)
        self._draw()

    def line(self, text: str) -> None:
        """Add a line, or several, to the log of the step."""
        with self._lock:
            self._live.console.say(text)
        self._draw()

    def output(self, text: str) -> None:
        """Add what a program printed, as it comes: a piece may end inside a line."""
        with self._lock:
            self._live.console.write(text)
        self._draw()

    def stage(self, name: str, status: str, detail: str = "", *, seconds: float | None = None) -> None:
        """Say where a named stage stands.

        Parameters
        ----------
        name
            Of the stage.
        status
            ``running``, ``done``, ``failed``, or AWS's own word.
        detail
            What there is to say of it.
        seconds
            How long it took, where somebody measured it; else the view does.
        """
        with self._lock:
            self._live.stage(name, status, detail, self._clock(), seconds)
        self._draw()

    @contextmanager
    def during(self, name: str) -> Iterator[Span]:
        """Show a stage while the block runs: running, then done, or failed; and how long it took.

        Parameters
        ----------
        name
            Of the stage.

        Yields
        ------
        Span
            When it began, and, once it is done, ended.
        """
        self.stage(name, "running")
        span = Span(time.monotonic())
        try:
            yield span
        except BaseException:
            self.stage(name, "failed")
            raise
        span.ended = time.monotonic()
        self.stage(name, "done", seconds=span.ended - span.began)

    def event(self, event: EventLike) -> None:
        """Show an event of a stack: time, status, resource, reason."""
        with self._lock:
            self._live.event(event)
        self._draw()

    def probe(self, probe: TimedProbe) -> None:
        """Show a probe of the site on the line of time."""
        with self._lock:
            self._live.probe(probe)
        self._draw()

    def picture(self, svg: str, alt: str) -> None:
        """Show a diagram, in place of the one before.

        Parameters
        ----------
        svg
            Markup of the whole drawing, every value in it escaped; with its own ``xmlns``,
            width and height, for it also stands in the output as an image.
        alt
            The same in words.
        """
        with self._lock:
            self._live.draw(svg, alt)
        self._draw()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Show what is reported in a block together, when it ends: no half of it is ever seen."""
        with self._lock:  # other threads report before or after
            self._held = True
            try:
                yield
            finally:
                self._held = False
            self._draw()

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines of the log, secrets masked."""
        with self._lock:
            return self._live.console.lines

    # How it ends: what was reported stays, below what the step wants to show -----------

    def finish(self, record: Record, parts: Iterable[Part] = (), *, word: str = "") -> None:
        """Replace the live view by what stays: text, HTML and the record.

        Parameters
        ----------
        record
            As the journal returned it.
        parts
            What the step wants to show below its answer.
        word
            Heads a record that is no step's outcome, instead of its kind.

        Raises
        ------
        RecordError
            When the record holds a secret.
        """
        self._end(bundle.of_record(record, self._staying(parts), self._redactor, word))

    def end(self, parts: Iterable[Part] = (), *, instead: bool = False) -> None:
        """Replace the live view by parts alone, where there is no record to leave.

        Parameters
        ----------
        parts
            What to show.
        instead
            Whether they tell all of it, so that nothing of the live view needs to stay.
        """
        staying = list(parts) if instead else self._staying(parts)
        self._end(bundle.of_end(self.title, staying, self._redactor))

    def fail(self, error: BaseException, parts: Iterable[Part] = ()) -> None:
        """Replace the live view by what, why and next of an error, where there is no record."""
        self._end(bundle.of_failure(self.title, error, self._staying(parts), self._redactor))

    def _staying(self, parts: Iterable[Part]) -> list[Part]:
        with self._lock:
            return [*parts, *self._live.parts(self._clock())]

    # The view itself ---------------------------------------------------------------

    def __enter__(self) -> Self:
        with self._lock:
            self._publish(bundle.started(self.title))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ended:
            return
        if error is None:
            self.end()
        else:
            self.fail(error)

    def _draw(self) -> None:
        """Show the state now, or let the timer do it when the interval is over."""
        with self._lock:
            if self._ended or self._held or not self._shown:
                return
            wait = self._drawn + (WIDGET_INTERVAL if self._widgets else PLAIN_INTERVAL) - self._clock()
            if not self._widget and self._widgets:
                wait = max(wait, self._began + PATIENCE - self._clock())
            if wait <= 0:
                self._redraw()
            elif self._timer is None or self._idle:
                self._draw_in(wait)

    def _draw_in(self, seconds: float, *, idle: bool = False) -> None:
        """Draw later; a drawing that nothing was reported for gives way to one that shows something."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._idle = Timer(seconds, self._on_timer), idle
        self._timer.daemon = True
        self._timer.start()

    def _on_timer(self) -> None:
        with self._lock:
            if current_thread() is not self._timer:
                return  # it gave way just as its time had come
            self._timer = None
            if not self._ended:
                self._redraw()

    def _redraw(self) -> None:
        self._drawn = self._clock()
        html = self._live.html(self._drawn - self._began, self._drawn, whole=self._widgets)
        if not self._widgets:
            self._publish({"text/plain": f"{self.title} · {say('show.running')}", "text/html": html})
            return
        picture = self._live.picture
        state = {"html": html, "svg": picture.svg, "alt": picture.alt, "said": self._live.said}
        if self._widget is None:
            self._widget = self._in_cell(_new_widget, **state)
            self._publish(bundle.started(self.title) | self._widget.bundle)
        else:
            self._in_cell(self._widget.update, **state)
        if self._timer is None:
            self._draw_in(HEARTBEAT, idle=True)

    def _end(self, final: dict[str, Any]) -> None:
        with self._lock:
            self._ended = True
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            if timer is not current_thread():
                timer.join()
        self._publish(final)
        if self._widget is not None:
            self._widget.close()

    def _publish(self, data: dict[str, Any]) -> None:
        self._in_cell(self._screen.publish, data, self.display_id, update=self._shown)
        self._shown = True

    def _in_cell(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # ipykernel finds the cell a message belongs to in a context variable, which a
        # thread of ours does not inherit.
        if current_thread() is self._owner:
            return call(*args, **kwargs)
        return self._context.copy().run(call, *args, **kwargs)


def _new_widget(**state: str) -> WidgetView:
    # Here, for most steps end before they need it, and programs without a notebook never do.
    from tsalab.show.widget import WidgetView

    return WidgetView(**state)

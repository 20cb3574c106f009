"""The view of a step: what is shown when, and what stays."""

from __future__ import annotations

import contextvars
import io
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest

from tests.show.conftest import Memory
from tests.show.sanitizer import sanitized
from tsalab.errors import RecordError, StepError
from tsalab.records import MIMETYPE, Record, Redactor
from tsalab.show import StepView, frontend, note
from tsalab.show.step import HEARTBEAT, PLAIN_INTERVAL

Make = Callable[..., Record]
VIEW = "application/vnd.jupyter.widget-view+json"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def view(memory: Memory, **more: Any) -> StepView:
    return StepView(4, "Add <the> cluster", **({"screen": memory, "widgets": False} | more))


def test_what_stays_is_text_html_and_the_record(memory: Memory, make: Make) -> None:
    record = make(title="Add <the> cluster", next="Go on.")
    with view(memory) as shown:
        assert memory.last["text/plain"] == "Step 4 · Add <the> cluster · running"
        sanitized(memory.last["text/html"])
        shown.finish(record, [note("a & b")])
    assert set(memory.last) == {"text/plain", "text/html", MIMETYPE}
    assert memory.last[MIMETYPE] == record.to_json()
    assert memory.last["text/plain"].splitlines() == [
        "Step 4 · Add <the> cluster · passed · 1.5 s",
        "  saw:      DatabaseCluster in infra.yml",
        "  expected: DatabaseCluster in infra.yml",
        "  next:     Go on.",
        "a & b",
    ]
    assert "Add <the> cluster · passed" in sanitized(memory.last["text/html"])
    assert len({display_id for _, display_id, _ in memory.shown}) == 1
    assert [update for _, _, update in memory.shown] == [False, True]


@pytest.mark.parametrize("status", ["passed", "failed", "not-done"])
def test_each_status_has_its_class_and_word(memory: Memory, make: Make, status: str) -> None:
    with view(memory) as shown:
        shown.finish(make(status=status, step="cleanup-2"))
    assert f"tsalab-{status}" in memory.last["text/html"]
    assert memory.last["text/plain"].startswith("Clean-up 2 · Add the cluster")


@pytest.mark.parametrize("kind", ["hint", "reset", "fault"])
def test_what_is_no_outcome_is_headed_by_its_kind(memory: Memory, make: Make, kind: str) -> None:
    with StepView(4, "Add the cluster", screen=memory) as view:
        view.finish(make(status="failed", kind=kind))
    assert memory.last["text/plain"].startswith(f"Step 4 · Add the cluster · {kind}\n")
    assert f'class="tsalab-step tsalab-{kind}"' in memory.last["text/html"]
    assert memory.last[MIMETYPE]["kind"] == kind


def test_updates_are_thinned_and_the_last_one_comes(memory: Memory, make: Make) -> None:
    clock = Clock()
    with view(memory, clock=clock) as shown:
        clock.now = 10
        shown.stage("Source", "Succeeded")
        assert len(memory.shown) == 2
        came = threading.Event()
        real = memory.publish
        memory.publish = lambda *a, **k: (real(*a, **k), came.set())  # type: ignore[method-assign, assignment]
        for done in range(50):
            shown.progress("users", done + 1, 50, "rows")
        shown.line("the <last> word")
        assert len(memory.shown) == 2
        assert came.wait(PLAIN_INTERVAL * 10)
        assert len(memory.shown) == 3
        text = sanitized(memory.last["text/html"])
        assert "50 of 50 rows" in text
        assert "the <last> word" in text
        assert "✓ SourceSucceeded" in text
        assert "10 s" in text
        shown.finish(make())
    assert len(memory.shown) == 4


def test_what_is_reported_at_once_is_shown_at_once(memory: Memory, make: Make) -> None:
    clock = Clock()
    with view(memory, clock=clock) as shown:
        clock.now = 1
        with shown.at_once():
            shown.stage("Source", "Succeeded")
            shown.stage("Deploy", "InProgress")
            assert len(memory.shown) == 1
        assert len(memory.shown) == 2
        assert "Deploy" in memory.last["text/html"]
        shown.finish(make())


def test_progress_without_a_total_counts(memory: Memory) -> None:
    clock = Clock()
    with view(memory, clock=clock) as shown:
        clock.now = 1
        shown.progress("bytes", 12)
        assert '<progress title="bytes"></progress>' in memory.last["text/html"]
        clock.now = 2
        shown.stage("Deploy", "odd", "a detail")
        assert "• Deployodd: a detail" in sanitized(memory.last["text/html"])


def test_nothing_is_drawn_after_the_end(memory: Memory, make: Make) -> None:
    with view(memory) as shown:
        shown.line("soon")  # leaves a timer waiting
        shown.finish(make())
        count = len(memory.shown)
        shown.line("late")
        shown._on_timer()
    assert len(memory.shown) == count
    assert shown.lines == ("soon", "late")
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_nothing_is_drawn_before_the_start(memory: Memory) -> None:
    view(memory).line("early")
    assert memory.shown == []


def test_an_error_stays_as_what_why_next(memory: Memory) -> None:
    with pytest.raises(StepError), view(memory):
        raise StepError("The <stack> failed.", "No subnet.", "Add one.")
    assert MIMETYPE not in memory.last
    text = sanitized(memory.last["text/html"])
    assert all(part in text for part in ("failed", "The <stack> failed.", "No subnet.", "Add one."))


def test_other_errors_and_ctrl_c_stay_too(memory: Memory) -> None:
    with pytest.raises(ZeroDivisionError), view(memory):
        _ = 1 / 0
    assert "ZeroDivisionError: division by zero" in memory.last["text/plain"]
    with pytest.raises(KeyboardInterrupt), view(memory):
        raise KeyboardInterrupt
    assert "interrupted" in memory.last["text/plain"]


def test_a_view_without_record_ends_with_its_parts(memory: Memory) -> None:
    with view(memory) as shown:
        shown.end([note("three buckets")])
    assert memory.last["text/plain"] == "Step 4 · Add <the> cluster\nthree buckets"
    with view(memory):
        pass
    assert memory.last["text/plain"] == "Step 4 · Add <the> cluster"


def test_secrets_are_masked_and_refused(memory: Memory, make: Make) -> None:
    clock, redactor = Clock(), Redactor()
    redactor.add("s3cret<&>pass")
    with view(memory, redactor=redactor, clock=clock) as shown:
        clock.now = 1
        shown.line("psql s3cret<&>pass")
        clock.now = 2
        shown.progress("s3cret<&>pass", 1, 2, "s3cret<&>pass")
        clock.now = 3
        shown.stage("s3cret<&>pass", "s3cret<&>pass", "s3cret<&>pass")
        shown.finish(make(), [note("it is s3cret<&>pass")])
    assert not any(redactor.holds(str(bundle)) for bundle, _, _ in memory.shown)
    assert "••••••" in memory.last["text/html"]
    with (
        pytest.raises(RecordError, match="saw would hold a secret"),
        view(memory, redactor=redactor) as shown,
    ):
        shown.finish(make(saw="s3cret<&>pass"))
    assert "would hold a secret" in memory.last["text/plain"]
    assert not redactor.holds(str(memory.last))


def test_updates_from_a_thread_belong_to_the_cell(make: Make) -> None:
    cell = contextvars.ContextVar("cell", default="none")
    seen: list[str] = []
    clock = Clock()

    class Screen:
        def publish(self, *_: Any, **__: Any) -> None:
            seen.append(cell.get())

    cell.set("mine")
    with StepView(1, "x", screen=Screen(), widgets=False, clock=clock) as shown:
        clock.now = 1
        thread = threading.Thread(target=shown.line, args=("from a thread",))
        thread.start()
        thread.join()
        shown.finish(make())
    assert seen == ["mine", "mine", "mine"]


def test_a_widget_shows_a_step_that_lasts_and_is_closed(memory: Memory, make: Make) -> None:
    before = set(_models())
    clock = Clock()
    with view(memory, widgets=True, clock=clock) as shown:
        clock.now = 1
        shown.line("one")
        model = memory.last[VIEW]["model_id"]
        assert model in _models()
        count = len(memory.shown)
        clock.now = 2
        shown.line("two")
        assert len(memory.shown) == count  # the widget changed, not the output
        assert "two" in _models()[model].html
        widget = _models()[model]
        shown.finish(make())
    assert VIEW not in memory.last
    assert model in _models()  # the front end may still be making it
    widget._handle_custom_msg({"here": True}, [])
    assert set(_models()) == before


def test_a_widget_that_the_front_end_has_is_closed_with_the_step(memory: Memory, make: Make) -> None:
    before = set(_models())
    clock = Clock()
    with view(memory, widgets=True, clock=clock) as shown:
        clock.now = 1
        shown.line("one")
        _models()[memory.last[VIEW]["model_id"]]._handle_custom_msg({"here": True}, [])
        shown.finish(make())
    assert set(_models()) == before


def test_a_widget_is_drawn_again_though_nothing_was_reported(memory: Memory, make: Make) -> None:
    clock = Clock()
    with view(memory, widgets=True, clock=clock) as shown:
        clock.now = 1
        shown.stage("Deploy", "running")
        model = _models()[memory.last[VIEW]["model_id"]]
        assert "Deploy: running" in model.said
        clock.now = 8
        changed = threading.Event()
        model.observe(lambda change: changed.set(), "html")
        assert changed.wait(HEARTBEAT * 10)
        assert "7.0 s" in sanitized(model.html)
        shown.finish(make())
    assert "✓" not in memory.last["text/html"]
    assert "Deploy" in memory.last["text/html"]  # what was reported stays, also when it never ended


def test_a_widget_shows_the_diagram_and_its_words(memory: Memory, make: Make) -> None:
    clock, redactor = Clock(), Redactor()
    redactor.add("s3cret<&>pass")
    with view(memory, widgets=True, clock=clock, redactor=redactor) as shown:
        clock.now = 1
        shown.picture("<svg><text>s3cret&lt;&amp;&gt;pass</text></svg>", "all is well")
        model = _models()[memory.last[VIEW]["model_id"]]
        assert (model.svg, model.alt) == ("<svg><text>••••••</text></svg>", "all is well")
        shown.finish(make())
    assert 'alt="all is well"' in memory.last["text/html"]


def test_a_step_that_fails_keeps_what_it_had_shown(memory: Memory) -> None:
    def fails() -> None:
        with view(memory) as shown:
            shown.stage("Source", "Succeeded")
            shown.progress("users", 3, 4, "rows")
            shown.output("half a li")
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fails()
    text = memory.last["text/plain"]
    assert all(part in text for part in ("ZeroDivisionError", "✓ Source", "3 of 4 rows", "half a li"))


def test_a_short_step_makes_no_widget(memory: Memory, make: Make) -> None:
    clock = Clock()
    with view(memory, widgets=True, clock=clock) as shown:
        clock.now = 0.15
        shown.line("one")
        shown.finish(make())
    assert not any(VIEW in bundle for bundle, _, _ in memory.shown)


def _models() -> dict[str, Any]:
    from ipywidgets.widgets import widget

    return widget._instances


class Shell:
    """What a kernel's shell has, as far as we use it."""

    kernel = object()

    def __init__(self, **names: Any) -> None:
        self.user_ns = names
        self.sent: list[dict[str, Any]] = []
        self.display_pub = types.SimpleNamespace(publish=lambda **message: self.sent.append(message))


def in_kernel(monkeypatch: pytest.MonkeyPatch, shell: Any) -> None:
    monkeypatch.setitem(
        __import__("sys").modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell)
    )


def test_in_a_kernel_the_output_goes_to_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell()
    in_kernel(monkeypatch, shell)
    screen = frontend.screen()
    screen.publish({"text/plain": "x"}, "id", update=True)
    assert shell.sent == [
        {"data": {"text/plain": "x"}, "metadata": {}, "transient": {"display_id": "id"}, "update": True}
    ]


def test_widgets_where_a_frontend_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    in_kernel(monkeypatch, None)
    assert not frontend.has_widgets()
    in_kernel(monkeypatch, Shell())
    assert not frontend.has_widgets()
    in_kernel(monkeypatch, Shell(__vsc_ipynb_file__="lab4.ipynb"))
    assert frontend.has_widgets()
    in_kernel(monkeypatch, Shell())
    monkeypatch.setenv("JPY_SESSION_NAME", "lab4.ipynb")
    assert frontend.has_widgets()


def test_ipython_in_a_terminal_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    in_kernel(monkeypatch, object())
    assert frontend.shell() is None
    monkeypatch.delitem(__import__("sys").modules, "IPython")
    assert isinstance(frontend.screen(), frontend.TerminalScreen)


@pytest.mark.parametrize(
    ("terminal", "told"), [(True, "Step 4 · Add the cluster · passed · 1.5 s\n"), (False, "")]
)
def test_a_terminal_gets_the_last_word_and_a_pipe_nothing(make: Make, terminal: bool, told: str) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    with StepView(4, "Add the cluster", screen=frontend.TerminalScreen(stream)) as shown:
        shown.line("x")
        shown.finish(make())
    assert stream.getvalue() == told


def test_every_kind_and_status_has_a_word() -> None:
    from typing import get_args

    from tsalab.messages import catalogue
    from tsalab.records.record import Kind, Status

    assert {f"show.kind.{kind}" for kind in get_args(Kind)} - {"show.kind.step"} <= set(catalogue())
    assert {f"show.status.{status}" for status in get_args(Status)} <= set(catalogue())

"""A person at JupyterLab: opens a notebook, runs its cells, edits files, types in a terminal.

Everything goes through JupyterLab's own commands and widgets (``window.jupyterapp``,
which the server exposes when asked), so that it works whatever the page looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request

from tests.browser.conftest import SECONDS, JupyterLab

# JupyterLab itself says this when a notebook's cells are rendered as they scroll into view.
JUPYTERLABS_OWN = ("reading 'processLuminoMessage'",)

# Told once, when the page begins: every value that any progress bar has ever shown, in order.
WATCH_BARS = """() => {
  window.tsalabBars = [];
  const note = bar => {
    const row = bar.closest('tr, [role=row], div');
    const label = bar.getAttribute('aria-label') || (row ? row.innerText.split('\\n')[0] : '');
    window.tsalabBars.push([label, bar.getAttribute('value'), bar.getAttribute('max')]);
  };
  new MutationObserver(changes => {
    for (const change of changes) {
      if (change.type === 'attributes' && change.target.matches('progress')) note(change.target);
      for (const node of change.addedNodes)
        if (node.querySelectorAll)
          for (const bar of node.matches('progress') ? [node] : node.querySelectorAll('progress')) note(bar);
    }
  }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['value']});
}"""

# The command's promise is kept when the cell has run; a person may look around meanwhile.
START_CELL = """async id => {
  const {content, context} = window.jupyterapp.shell.currentWidget;
  await context.sessionContext.ready;
  const index = content.widgets.findIndex(cell => cell.model.id === id);
  if (index < 0) throw new Error(`there is no cell ${id}`);
  content.activeCellIndex = index;
  await content.scrollToItem(index, 'smart');
  const outputs = content.widgets[index].model.outputs;
  window.tsalabRun = window.jupyterapp.commands.execute('notebook:run-cell').then(
    () => Array.from({length: outputs.length}, (_, i) => outputs.get(i).toJSON()));
}"""


# A terminal of JupyterLab's, in a tab of its own; what it prints is kept for the test to read.
OPEN_TERMINAL = """async () => {
  const panel = await window.jupyterapp.commands.execute('terminal:create-new');
  await panel.content.ready;
  const session = panel.content.session;
  window.tsalabTerminal = {panel, text: ''};
  session.messageReceived.connect((_, message) => {
    if (message.type === 'stdout') window.tsalabTerminal.text += message.content.join('');
  });
  window.jupyterapp.shell.activateById(panel.id);
}"""

# JupyterLab's editor, on a file; what it holds comes and goes through its model, as typing does.
OPEN_FILE = """async path => {
  const panel = await window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Editor'});
  await panel.context.ready;
  return panel.content.model.sharedModel.getSource();
}"""
SAVE_FILE = """async ([path, source]) => {
  const panel = await window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Editor'});
  await panel.context.ready;
  panel.content.model.sharedModel.setSource(source);
  window.jupyterapp.shell.activateById(panel.id);
  await window.jupyterapp.commands.execute('docmanager:save');
}"""
_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>])")


@dataclass
class Seen:
    """What the page did besides showing: its requests, its complaints."""

    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def request(self, request: Request) -> None:
        """Note a request that leaves the machine."""
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname != "127.0.0.1":
            self.outside.append(request.url)

    def console(self, message: ConsoleMessage) -> None:
        """Note an error that the page wrote to its console."""
        if message.type == "error":
            self.complaint(f"{message.text} ({message.location.get('url', '')})")

    def complaint(self, text: str) -> None:
        """Note an error, unless it is one of JupyterLab's own."""
        if not any(own in text for own in JUPYTERLABS_OWN):
            self.errors.append(text)


class Person:
    """One browser window on one JupyterLab."""

    def __init__(self, browser: Browser, lab: JupyterLab, *, width: int = 1280, height: int = 1000) -> None:
        self.lab = lab
        self.seen = Seen()
        self.context: BrowserContext = browser.new_context(viewport={"width": width, "height": height})
        self.context.on("request", self.seen.request)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(SECONDS * 1000)
        self.page.on("console", self.seen.console)
        self.page.on("pageerror", lambda error: self.seen.complaint(str(error)))

    def open(self, notebook: str) -> None:
        """Open a notebook, and wait until its kernel takes work."""
        self.page.goto(self.lab.address(notebook))
        self.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.context?.isReady")
        self.page.evaluate(WATCH_BARS)

    def trusts(self) -> bool:
        """Whether JupyterLab trusts the notebook: every code cell of it."""
        trusted: bool = self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.widgets"
            ".filter(cell => cell.model.type === 'code').every(cell => cell.model.trusted)"
        )
        return trusted

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme: light or dark."""
        title = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[name]
        self.page.evaluate(
            "async theme => { await window.jupyterapp.commands.execute('apputils:change-theme', {theme}); }",
            title,
        )
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light", arg=str(name == "light").lower()
        )

    def start(self, cell: str) -> None:
        """Run the cell of an id, and do not wait for its end."""
        self.page.evaluate(START_CELL, cell)

    def ended(self) -> list[dict[str, Any]]:
        """Wait for the cell that was started; its outputs, as they would be saved."""
        outputs: list[dict[str, Any]] = self.page.evaluate("() => window.tsalabRun")
        return outputs

    def run(self, cell: str) -> list[dict[str, Any]]:
        """Run the cell of an id; its outputs, as they would be saved."""
        self.start(cell)
        return self.ended()

    def outputs(self, cell: str) -> list[dict[str, Any]]:
        """What a cell's output area holds now, as it would be saved."""
        held: list[dict[str, Any]] = self.page.evaluate(
            """id => {
              const {content} = window.jupyterapp.shell.currentWidget;
              const {outputs} = content.widgets.find(cell => cell.model.id === id).model;
              return Array.from({length: outputs.length}, (_, i) => outputs.get(i).toJSON());
            }""",
            cell,
        )
        return held

    def output(self, cell: str) -> Locator:
        """Where a cell shows its outputs."""
        index = self.page.evaluate(
            "id => window.jupyterapp.shell.currentWidget.content.widgets"
            ".findIndex(cell => cell.model.id === id)",
            cell,
        )
        return self.page.locator(f'.jp-Notebook [data-windowed-list-index="{index}"] .jp-OutputArea')

    def scroll_to(self, cell: str) -> None:
        """Bring a cell into view."""
        self.page.evaluate(
            "id => { const {content} = window.jupyterapp.shell.currentWidget;"
            " return content.scrollToItem(content.widgets.findIndex(c => c.model.id === id), 'start'); }",
            cell,
        )

    def write_in(self, cell: str, source: str) -> None:
        """Replace a cell's source."""
        self.page.evaluate(
            "([id, source]) => window.jupyterapp.shell.currentWidget.content.widgets"
            ".find(cell => cell.model.id === id).model.sharedModel.setSource(source)",
            [cell, source],
        )

    def show(self, notebook: str) -> None:
        """Bring an open notebook to the front."""
        self.page.evaluate(
            "async path => { await window.jupyterapp.commands.execute('docmanager:open', {path}); }", notebook
        )
        self.page.wait_for_function(
            "path => { const context = window.jupyterapp.shell.currentWidget?.context;"
            " return context?.path === path && context.isReady; }",
            arg=notebook,
        )

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        """Change a file in JupyterLab's editor, and save it."""
        before: str = self.page.evaluate(OPEN_FILE, path)
        self.page.evaluate(SAVE_FILE, [path, change(before)])

    def open_terminal(self) -> None:
        """Open a terminal, with a prompt that cannot be anything else."""
        self.page.evaluate(OPEN_TERMINAL)
        self.page.locator(".jp-Terminal .xterm").wait_for()
        self._type("PS1='lab4''> '")
        self._wait(r"lab4> $")

    def type(self, command: str, prompt: str = r"lab4> $") -> str:
        """Type a command and return what the terminal shows until the prompt."""
        self.page.evaluate("() => { window.tsalabTerminal.text = ''; }")
        self._type(command)
        return self._wait(prompt)

    def _type(self, line: str) -> None:
        self.page.evaluate("() => window.jupyterapp.shell.activateById(window.tsalabTerminal.panel.id)")
        self.page.locator(".jp-Terminal:visible .xterm-helper-textarea").focus()
        self.page.keyboard.insert_text(line)
        self.page.keyboard.press("Enter")

    def _wait(self, prompt: str) -> str:
        shown = ""
        pattern = re.compile(prompt)
        for _ in range(SECONDS * 10):
            shown = _ESCAPES.sub("", self.page.evaluate("() => window.tsalabTerminal.text"))
            if pattern.search(shown):
                return shown
            self.page.wait_for_timeout(100)
        raise AssertionError(f"the terminal never showed {prompt!r}: {shown[-2000:]}")

    def save(self) -> None:
        """Save the notebook."""
        self.page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")

    def bars(self) -> list[tuple[str, str | None, str | None]]:
        """Every state of every progress bar since the notebook was opened, in order."""
        return [tuple(row) for row in self.page.evaluate("() => window.tsalabBars")]

    def close(self) -> None:
        """Close the window."""
        self.context.close()

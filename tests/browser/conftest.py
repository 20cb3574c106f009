"""A real browser in a real JupyterLab."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tsalab.commands import lab
from tsalab.profiles import Profile

SECONDS = 60


@dataclass(frozen=True)
class JupyterLab:
    """A server: where it is, and the folder it serves."""

    url: str
    token: str
    folder: Path

    def address(self, notebook: str) -> str:
        """Where a notebook of the folder opens."""
        # What another page had open is not to come back with it.
        return f"{self.url}/lab/tree/{notebook}?reset&token={self.token}"


# As long as Playwright lives, its loop runs in this thread: other files want to run their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)
    assert program, "the browser tests need chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        # A container's root has no sandbox for the browser; its pages are our own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def serving(
    base: Path, environment: Mapping[str, str], profile: Profile | None = None
) -> Iterator[JupyterLab]:
    """JupyterLab on a folder of its own below `base`, with settings and state of its own."""
    folder = base / "notebooks"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSALAB_CACHE", str(base / "cache"))
        command = lab.server_command(browser=False, port=None, folder=folder, profile=profile)
    command += ["--ServerApp.port_retries=50", "--LabApp.expose_app_in_browser=True"]
    own = {
        "JUPYTER_CONFIG_DIR": str(base / "config"),
        "JUPYTER_DATA_DIR": str(base / "data"),
        "JUPYTERLAB_WORKSPACES_DIR": str(base / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(base / "settings"),
    }
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**environment, **own}, cwd=base
    ) as server:
        assert server.stderr is not None
        reader: threading.Thread | None = None
        try:
            lines = iter(server.stderr)
            found = next(
                match
                for line in lines
                if (match := re.search(r"(http://127\.0\.0\.1:\d+)/\S*token=(\w+)", line))
            )
            reader = threading.Thread(target=lambda: list(lines))  # a full pipe would stop the server
            reader.start()
            yield JupyterLab(found[1], found[2], folder)
        finally:
            server.terminate()
            server.wait()
            if reader:
                reader.join()


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with serving(tmp_path_factory.mktemp("jupyterlab"), os.environ) as server:
        yield server

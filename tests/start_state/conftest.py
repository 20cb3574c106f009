"""A site that answers, and an account whose stacks lead to it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from tsalab.start_state import repositories

from .account import Cloud


@pytest.fixture
def site():
    answers = {"/": 200, "/api/health": 200}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answers.get(self.path, 404))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", answers=answers)
        server.shutdown()
        thread.join()


@pytest.fixture
def cloud(tmp_path, site, monkeypatch):
    monkeypatch.setattr(repositories, "signed", lambda *args: ([], {}))
    return Cloud(tmp_path, site.url)

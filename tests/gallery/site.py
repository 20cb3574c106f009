"""The site as CloudFront serves it, as far as a browser sees: page, photos and API below one origin."""

from __future__ import annotations

import http.client
import mimetypes
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .parts import GALLERY, App, Aws

PASSED_ON = ("Content-Type", "Cookie", "Content-Length")
PASSED_BACK = ("Content-Type", "Set-Cookie")
UPLOADS = "images/uploads/"


class Handler(BaseHTTPRequestHandler):
    """Answers for one site, which gives it these three."""

    app: App
    aws: Aws
    prefix: str
    protocol_version = "HTTP/1.1"

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Answer once."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        # A browser that goes to the next page asks no longer for what the last one wanted.
        with suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(body)

    def api(self) -> None:
        """Pass the request on to the app."""
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        connection = http.client.HTTPConnection("127.0.0.1", self.app.port, timeout=20)
        sent = {name: self.headers[name] for name in PASSED_ON if self.headers[name]}
        try:
            connection.request(
                self.command, "/" + self.path.removeprefix(self.prefix), body=body, headers=sent
            )
            response = connection.getresponse()
            kept = {name: value for name, value in response.headers.items() if name in PASSED_BACK}
            answer = response.read()
        finally:
            connection.close()
        self.reply(response.status, answer, kept)

    def stored(self, name: str) -> bytes | None:
        """Bytes of a file of the page, or of the bucket."""
        if name.startswith(UPLOADS):
            if found := self.aws.objects.get(f"/the-data-bucket/{name}"):
                return found[0]
            local = GALLERY / "photos" / name.removeprefix(UPLOADS)
        else:
            local = GALLERY / "spa" / name
        return local.read_bytes() if local.is_file() else None

    def do_GET(self) -> None:
        """Give a file, or what the API answers."""
        if self.path.startswith(f"{self.prefix}api/"):
            self.api()
            return
        name = self.path.split("?")[0].removeprefix(self.prefix) or "index.html"
        body = self.stored(name)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.reply(404 if body is None else 200, body or b"", {"Content-Type": kind})

    def do_POST(self) -> None:
        """Only the API takes these."""
        self.api()

    def do_PUT(self) -> None:
        """Only the API takes these."""
        self.api()

    def do_DELETE(self) -> None:
        """Only the API takes these."""
        self.api()

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


class Site:
    """A server for the page below `prefix`, with the API of `app` and the photos of `aws`."""

    def __init__(self, app: App, aws: Aws, prefix: str = "/") -> None:
        handler = type("SiteHandler", (Handler,), {"app": app, "aws": aws, "prefix": prefix})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}{prefix}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

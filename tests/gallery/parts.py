"""The real parts of the gallery's tests: MariaDB, Node.js packages, the app; and a stand-in for AWS."""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tsalab import settings

GALLERY = Path(__file__).resolve().parents[2] / "templates" / "gallery"
FRAGMENTS = GALLERY.parent / "fragments" / "as-written"
PRELOAD = Path(__file__).with_name("preload.js")
START_SECONDS = 20


def free_port() -> int:
    """Pick a loopback port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def node_modules(package: Path) -> Path:
    """Install a package's locked dependencies once, in the shared cache."""
    key = hashlib.sha256((package / "package-lock.json").read_bytes()).hexdigest()[:16]
    home = settings.cache() / "node" / key
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "node_modules").is_dir():
            making = home.with_name(f"{key}.making-{os.getpid()}")
            making.mkdir()
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(package / name, making)
            subprocess.run(["npm", "ci", "--no-progress"], cwd=making, check=True, capture_output=True)
            shutil.rmtree(home, ignore_errors=True)
            making.rename(home)
    return home / "node_modules"


@dataclass
class Database:
    """A mariadbd of its own, reached by root through its socket and by others through its port."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> str:
        """Path of the unix socket."""
        return str(self.folder / "s.sock")

    def make(self) -> None:
        """Initialise the data folder."""
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *(["--user=root"] if os.getuid() == 0 else []),
            ],
            check=True,
            capture_output=True,
        )

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    "mariadbd",
                    "--no-defaults",
                    f"--datadir={self.folder / 'data'}",
                    f"--socket={self.socket}",
                    f"--port={self.port}",
                    "--bind-address=127.0.0.1",
                    "--innodb-flush-log-at-trx-commit=0",
                    *(["--user=root"] if os.getuid() == 0 else []),
                ],
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise TimeoutError((self.folder / "log").read_text())

    def stop(self) -> None:
        """End the server."""
        if self.process:
            self.process.terminate()
            self.process.wait(START_SECONDS)
            self.process = None

    def sql(self, statements: str | bytes, database: str = "") -> str:
        """What the `mariadb` client prints for these statements, as root."""
        done = subprocess.run(
            [
                "mariadb",
                "--no-defaults",
                "--default-character-set=utf8mb4",
                "-S",
                self.socket,
                "-u",
                "root",
                "-N",
                *([database] if database else []),
            ],
            input=statements if isinstance(statements, bytes) else statements.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def seed(self) -> None:
        """Make the database of the lab's start anew."""
        self.sql(
            "DROP DATABASE IF EXISTS tsagallery; CREATE DATABASE tsagallery CHARACTER SET utf8mb4;"
            + "".join(
                f"CREATE OR REPLACE USER tsauser@'{host}' IDENTIFIED BY 'my-secret-pw';"
                f"GRANT ALL ON tsagallery.* TO tsauser@'{host}';"
                for host in ("%", "localhost")
            )
        )
        for name in ("schema.sql", "seed.sql"):
            self.sql((GALLERY / "api" / "db" / name).read_bytes(), "tsagallery")


class Aws:
    """The two AWS operations that the gallery uses: objects in S3, and one secret."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.secrets: dict[str, str] = {}
        self.refuse_writes = False
        aws = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, status: int, body: bytes = b"") -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if aws.refuse_writes and self.path.endswith("_thumb.jpg"):
                    self.answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
                    return
                aws.objects[self.path] = (body, dict(self.headers.items()))
                self.answer(200)

            def do_DELETE(self) -> None:
                aws.objects.pop(self.path, None)
                self.answer(204)

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
                secret = aws.secrets.get(asked["SecretId"])
                if secret is None:
                    problem = {"__type": "ResourceNotFoundException", "message": "can't find the secret"}
                    self.answer(400, json.dumps(problem).encode())
                else:
                    self.answer(200, json.dumps({"SecretString": secret}).encode())

            def log_message(self, *args: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Address of the endpoint."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        """Stop answering."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@dataclass
class Answer:
    """What the app answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The body, parsed."""
        loaded: dict[str, object] = json.loads(self.body)
        return loaded


class App:
    """The gallery's API in a folder of its own, under Node.js."""

    def __init__(self, folder: Path, database: Database, aws: Aws, **env: str) -> None:
        self.folder = folder / "app"
        shutil.copytree(
            GALLERY / "api", self.folder, ignore=shutil.ignore_patterns("node_modules", "uploads")
        )
        (self.folder / "node_modules").symlink_to(node_modules(GALLERY / "api"))
        self.port = free_port()
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "NODE_OPTIONS": f"--require {PRELOAD}",
            "TEST_AWS_ENDPOINT": aws.url,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DB_PORT": str(database.port),
            "S3BUCKET": "the-data-bucket",
            **env,
        }
        self.process: subprocess.Popen[str] | None = None
        self.output = ""
        self.cookie = ""
        self._listening = threading.Event()
        self._reader: threading.Thread | None = None

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text that stands exactly once in a file."""
        file = self.folder / path
        before = file.read_text()
        assert before.count(old) == 1, (path, old)
        file.write_text(before.replace(old, new))

    def launch(self) -> None:
        """Start Node.js, without waiting."""
        self._listening.clear()
        self.process = subprocess.Popen(
            ["node", "./bin/www.js"],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process
        assert self.process.stdout
        for line in self.process.stdout:
            self.output += line
            if "listens on" in line:
                self._listening.set()
        self._listening.set()

    def start(self) -> float:
        """Start the app and wait until it listens; seconds that this took."""
        began = time.monotonic()
        self.launch()
        assert self._listening.wait(START_SECONDS), self.output
        assert self.process
        assert "listens on" in self.output, self.output
        return time.monotonic() - began

    def ended(self) -> int:
        """Wait for the app's own end; its exit status."""
        assert self.process
        status = self.process.wait(START_SECONDS)
        assert self._reader
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()
        self.process = None
        return status

    def stop(self) -> int:
        """End the app as a service manager does; its exit status (0 when it was not running)."""
        if not self.process:
            return 0
        self.process.terminate()
        return self.ended()

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask the app; the session's cookie is kept and sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = dict(headers or {})
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        if body is not None:
            raw = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body=raw, headers=sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        if cookie := response.headers["Set-Cookie"]:
            self.cookie = cookie.split(";")[0] if "Expires=Thu, 01 Jan 1970" not in cookie else ""
        return answer

    def get(self, path: str) -> dict[str, object]:
        """What a good GET answers."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.body
        return answer.json

    def login(self) -> None:
        """Log in as the lab's admin."""
        answer = self.ask("POST", "/api/login", {"username": "admin", "password": "2happymonkeys!"})
        assert answer.status == 200, answer.body

    def upload(self, photo: bytes, **fields: str) -> Answer:
        """Send a photo with its fields, as a form."""
        boundary = "--------tsagallery"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        parts += [
            f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n'.encode(),
            b"Content-Type: image/jpeg\r\n\r\n",
            photo,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self.ask("POST", "/api/images", raw=b"".join(parts), headers=kind)


@contextmanager
def running(app: App) -> Iterator[App]:
    """Run the app for a while."""
    app.start()
    try:
        yield app
    finally:
        app.stop()

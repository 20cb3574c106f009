"""Encrypted, to a server that proves its name by an authority that was given; else not at all."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pymysql
import pytest

from tsalab.errors import MigrationError
from tsalab.migrate import Login, Migration, compare, connect, login

from .certificates import Authority
from .conftest import Server, start
from .gallery import GALLERY

NAME = "db.example.org"


@dataclass
class Secure:
    """A server with a certificate, and the authority that signed it."""

    server: Server
    ca: Path
    other: Path

    def login(self, database: str) -> Login:
        return replace(self.server.mover(database), ca=self.ca, server=NAME)


@pytest.fixture(scope="module")
def secure() -> Iterator[Secure]:
    with tempfile.TemporaryDirectory(prefix="tsalab-test-") as folder:
        signer = Authority(Path(folder), "ours")
        certificate, key = signer.certify(NAME)
        server = start(Path(folder) / "t", f"--ssl-cert={certificate}", f"--ssl-key={key}")
        server.sql("CREATE DATABASE there CHARACTER SET utf8mb4")
        yield Secure(server, signer.file, Authority(Path(folder), "theirs").file)
        server.process.kill()
        server.process.wait()


def test_a_migration_over_tls(pair, here, secure) -> None:
    here(*GALLERY)
    target = secure.login("there")
    with connect(target) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'ssl_cipher'")
        row = cursor.fetchone()
    assert row is not None
    assert row[1]
    report = Migration(pair[0], target).run()
    assert report.rows
    assert all(table.source_digest == table.target_digest for table in report.tables)
    assert compare(pair[0], target).equal


def test_another_authority_is_refused(secure) -> None:
    with pytest.raises(MigrationError, match=r"not trusted.*no password") as caught:
        connect(replace(secure.login("there"), ca=secure.other))
    assert "unable to get local issuer certificate" in caught.value.why


def test_another_name_is_refused(secure) -> None:
    """The authority alone is not enough: it signs for others too."""
    with pytest.raises(MigrationError, match=r"does not prove that it is 127\.0\.0\.1"):
        connect(replace(secure.login("there"), server=""))


def test_a_server_without_tls_is_refused(pair, secure) -> None:
    with pytest.raises(MigrationError, match="offers no encrypted connection"):
        connect(replace(pair[1], ca=secure.ca))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_that_holds_no_authority(content: str | None, secure, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(MigrationError, match=r"certificates in .*ca.pem cannot be used"):
        connect(replace(secure.login("there"), ca=path))


def test_a_server_that_falls_silent_in_the_middle_of_tls(secure) -> None:
    """The time for a login counts there too, though TLS has taken the socket over."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(("127.0.0.1", secure.server.port)) as real,
    ):
        greeting = real.recv(4096)

        def greet() -> None:
            with listener.accept()[0] as client:
                client.sendall(greeting)
                while client.recv(4096):  # ends when the other side gives up
                    pass

        thread = threading.Thread(target=greet)
        thread.start()
        silent = replace(secure.login("there"), port=listener.getsockname()[1])
        with pytest.raises(pymysql.err.OperationalError, match="no answer within"):
            login._open(silent, 0.3)
        thread.join(10)
        assert not thread.is_alive()

"""The certificates of RDS's authorities: fetched once, verified, or a file that the profile names."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.migrate.certificates import Authority
from tsalab.cloud import authorities
from tsalab.errors import CloudError


class Shop:
    """Hands a file out over HTTPS, as localhost."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder, "shop")
        self.content = self.authority.file.read_bytes()
        self.asked = 0
        shop = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.asked += 1
                self.send_response(200)
                self.end_headers()
                self.wfile.write(shop.content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.certify("localhost"))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}/global-bundle.pem"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    made = Shop(tmp_path)
    monkeypatch.setattr(authorities, "_BUNDLE", made.url)
    monkeypatch.setenv("TSALAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "localhost")
    yield made
    made.close()


def account(ca: Path | None = None, region: str = "eu-west-1") -> Any:
    return SimpleNamespace(database_ca=ca, region=region, profile=SimpleNamespace(name="mine"))


def trusting(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(shop.authority.file))


def test_it_is_fetched_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    trusting(shop, monkeypatch)
    files = {authorities.bundle(account()) for _ in range(2)}
    assert [file.read_bytes() for file in files] == [shop.content]
    assert shop.asked == 1


def test_it_is_not_taken_from_whoever_cannot_prove_to_be_aws(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(CloudError, match="cannot be fetched") as caught:
        authorities.bundle(account())
    assert "certificate verify failed" in caught.value.why.lower()
    assert "tsalab_database_ca" in caught.value.next_step
    assert shop.asked == 0
    assert not list((tmp_path / "cache").rglob("*.pem"))


def test_what_is_no_certificate_is_not_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    trusting(shop, monkeypatch)
    shop.content = b"<html>Log in to the hotel's network</html>"
    with pytest.raises(CloudError, match="no certificate as PEM"):
        authorities.bundle(account())
    shop.content = shop.authority.file.read_bytes()
    assert authorities.bundle(account()).read_bytes() == shop.content


def test_the_profiles_own_goes_first(shop: Shop, tmp_path: Path) -> None:
    assert authorities.bundle(account(tmp_path / "own.pem")) == tmp_path / "own.pem"
    assert shop.asked == 0


@pytest.mark.parametrize(
    ("region", "host"), [("cn-north-1", "amazonaws.com.cn"), ("us-gov-west-1", "us-gov")]
)
def test_other_partitions_have_their_own(
    region: str, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSALAB_CACHE", str(tmp_path))
    monkeypatch.setattr(authorities, "_fetched", lambda url, _account: url)
    assert host in authorities.bundle(account(region=region)).read_text()

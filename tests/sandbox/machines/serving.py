"""What the tests of web servers share: a small app, and how it is seen from outside."""

from __future__ import annotations

import time
import urllib.error
import urllib.request

from machineground import DNS, WEB, Ground

APP = """
const http = require('http');
http.createServer((q, r) => r.end('app ' + process.env.GREETING)).listen(process.env.PORT || 80);
"""


def site(ground: Ground, dns: str = DNS) -> str:
    address = ground.estate.servers.http_address(dns)
    assert address is not None
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/", timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def is_down(ground: Ground, dns: str = DNS) -> bool:
    address = ground.estate.servers.http_address(dns)
    if address is None:
        return True
    try:
        urllib.request.urlopen(f"http://{address[0]}:{address[1]}/", timeout=5).close()
    except (urllib.error.URLError, ConnectionError):
        return True
    return False


def install_app(ground: Ground, instance_id: str = WEB) -> None:
    app = ground.machine("opt", "tsa_gallery", instance_id=instance_id)
    (app / "bin").mkdir(exist_ok=True)
    (app / "bin" / "www.js").write_text(APP)


def mariadb_pid(ground: Ground) -> int:
    return int(ground.machine("var", "lib", "mysql", "mariadbd.pid").read_text())

"""What the processes on the web server tell, where a sandbox has one user's list of them alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tsalab.server.execution import Result
from tsalab.steps import running

LIST = "data:    [0] abcd /usr/bin/node bin/www.js 11      12    /srv/.forever/abcd.log 0:0:0:5.0"


class Machine:
    """A web server that says what it is told to; `root` is whether a command ran as root."""

    host = "web"

    def __init__(self, own: str) -> None:
        self._own = own
        self.asked: list[str] = []

    def run(self, line: str, *, root: bool = False, **_: Any) -> Result:
        self.asked.append(line)
        if line == "id -un":
            return Result(line, 0, "ec2-user", "", 0.1)
        if line.startswith("printf"):
            return Result(line, 0, "/srv/.forever" if root else "/home/ec2-user/.forever", "", 0.1)
        assert not root
        assert line.startswith('[ ! -d "${FOREVER_ROOT:-$HOME/.forever}" ] ||')  # it reads, and makes nothing
        return Result(line, 0, self._own, "", 0.1)


def test_an_app_that_the_login_started_is_named() -> None:
    world: Any = SimpleNamespace(server=Machine(LIST))
    found = running.not_running(world, "the app")
    assert found.saw == "root's forever list shows no bin/www.js, but that of ec2-user does"
    assert found.next.startswith(
        "As ec2-user: forever stopall. Then as root (sudo su -): cd /opt/tsa_gallery;"
    )


def test_an_app_that_nobody_started() -> None:
    world: Any = SimpleNamespace(server=Machine("info:    No forever processes running"))
    found = running.not_running(world, "the app")
    assert found.saw == "forever list shows no bin/www.js"
    assert found.next == "As root: cd /opt/tsa_gallery; forever start ./bin/www.js"
    assert not found.coming

"""What the processes on the web server tell, where a sandbox has one user's list of them alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tsalab.server.execution import Result
from tsalab.steps import running

LIST = "data:    [0] abcd /usr/bin/node bin/www.js 11      12    /root/.forever/abcd.log 0:0:0:5.0"


class Machine:
    """A web server that says what it is told to; `root` is whether a command ran as root."""

    host = "web"

    def __init__(self, lists: dict[bool, str]) -> None:
        self._lists = lists

    def run(self, line: str, *, root: bool = False, **_: Any) -> Result:
        said = "ec2-user" if line == "id -un" else self._lists[root]
        return Result(line, 0, said, "", 0.1)


def test_an_app_that_the_login_started_is_named() -> None:
    world: Any = SimpleNamespace(server=Machine({True: "", False: LIST}))
    found = running.not_running(world, "the app")
    assert found.saw == "root's forever list shows no bin/www.js, but that of ec2-user does"
    assert found.next.startswith(
        "As ec2-user: forever stopall. Then as root (sudo su -): cd /opt/tsa_gallery;"
    )


def test_an_app_that_nobody_started() -> None:
    world: Any = SimpleNamespace(server=Machine({True: "", False: "info:    No forever processes running"}))
    found = running.not_running(world, "the app")
    assert found.saw == "forever list shows no bin/www.js"
    assert found.next == "As root: cd /opt/tsa_gallery; forever start ./bin/www.js"
    assert not found.coming

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tsalab.errors import ServerError
from tsalab.server import app

LIST = """\
info:    Forever processes running
\x1b[90mdata:   \x1b[39m         uid  command       script       forever pid   id logfile            uptime
data:    [0] \x1b[35mXd2k\x1b[39m \x1b[37m/usr/bin/node\x1b[39m ./bin/www.js 101 107    \
/srv/.forever/Xd2k.log \x1b[33m1:2:3:4.5\x1b[39m
data:    [1] a_-9 /usr/bin/node ./bin/www.js 12 null /srv/.forever/a.log STOPPED
"""


def git(folder: Path, *words: str) -> str:
    base = ["git", "-C", str(folder), "-c", "user.name=T", "-c", "user.email=t@example.com"]
    return subprocess.run([*base, *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def origin(host, tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    subprocess.run(["git", "init", "-q", "-b", "master", str(folder)], check=True)
    (folder / "app.js").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "First\twith a tab")
    subprocess.run(["git", "clone", "-q", str(folder), str(host.folder / "app")], check=True)
    return folder


def test_head_and_pull(server, host, origin: Path) -> None:
    assert app.folder(server) == str(host.folder / "app")
    before = app.head(server)
    assert before.hash == git(origin, "rev-parse", "HEAD")
    assert before.subject == "First\twith a tab"
    (origin / "app.js").write_text("two\n")
    git(origin, "commit", "-qam", "Use Aurora RDS")
    assert app.head(server) == before
    seen: list[str] = []
    after = app.pull(server, on_output=seen.append)
    assert (after.hash, after.subject) == (git(origin, "rev-parse", "HEAD"), "Use Aurora RDS")
    assert "app.js" in "".join(seen)
    assert app.read(server, "app.js") == "two\n"


def test_pull_answers_gits_questions(server, host, origin: Path) -> None:
    host.program(
        "git",
        """[ "$1" = pull ] || exec /usr/bin/git "$@"
        read -p "Username for 'https://git': " name < /dev/tty
        read -s -p "Password for 'https://me@git': " word < /dev/tty
        [ "$name:$word" = me:pass=word ]""",
    )
    assert app.pull(server, login=("me", "pass=word")).subject.startswith("First")


def test_no_app(server) -> None:
    with pytest.raises(ServerError, match="no application"):
        app.head(server)


def test_forever(server, host, origin: Path) -> None:
    host.program("forever", f'pwd >> ~/calls; echo "$*" >> ~/calls; [ "$1" != list ] || cat <<"X"\n{LIST}X')
    app.stop_all(server)
    app.start(server)
    listed = app.processes(server)
    assert [process.pid for process in listed] == [107, None]
    there = str(host.folder / "app")
    calls = (host.home / "calls").read_text().splitlines()
    assert calls[:4] == [there, "stopall", there, "start ./bin/www.js"]


def test_list() -> None:
    first, second = app.parse_list(LIST)
    assert first == app.Process("Xd2k", "./bin/www.js", 107, 93784.5, "/srv/.forever/Xd2k.log", 101)
    assert second == app.Process("a_-9", "./bin/www.js", None, None, "/srv/.forever/a.log", 12)
    assert app.parse_list("info:    No forever processes running\n") == []
    with pytest.raises(ServerError, match="unknown form"):
        app.parse_list("data:    [0] something new")

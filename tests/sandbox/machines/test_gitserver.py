"""git itself against the git server: clone, push, what is refused, what is told."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import subprocess
import threading
import zlib
from pathlib import Path

import httpx
import pytest

from tsalab.sandbox.machines.gitserver import PULL, PUSH, GitServer, _Commands

NOBODY = "0" * 40


@pytest.fixture(scope="module")
def run():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


class Hosting:
    def __init__(self, root: Path, run) -> None:
        self.root, self.run = root, run
        self.asked: list[tuple[str, ...]] = []
        self.pushed: list[tuple[str, ...]] = []
        self.server = GitServer(root / "repositories", authenticate=self.check, on_push=self.note)
        run(self.server.start(0))
        self.home = root / "home"
        self.home.mkdir()
        self.new("app")

    def new(self, name: str) -> None:
        subprocess.run(
            ["git", "init", "-q", "--bare", self.root / "repositories" / f"{name}.git"], check=True
        )

    def check(self, username: str, password: str, url: str, permission: str) -> bool:
        self.asked.append((username, url, permission))
        if username == "reader" and permission == PUSH:
            raise PermissionError("reader is not authorized to perform: codecommit:GitPush")
        return password == "right"

    def note(self, *what: str) -> None:
        self.pushed.append(what)

    def url(self, user: str = "writer", password: str = "right", name: str = "app") -> str:  # noqa: S107 - a test password
        return f"{self.server.url.replace('//', f'//{user}:{password}@')}/v1/repos/{name}"

    def git(self, *arguments: object, cwd: Path | None = None, fails: bool = False) -> str:
        env = {
            **os.environ,
            "HOME": str(self.home),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": "A", f"GIT_{role}_EMAIL": "a@example.com"}
        ended = subprocess.run(
            ["git", *map(str, arguments)],
            cwd=cwd or self.root,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode != 0) == fails, ended.stderr
        return ended.stderr if fails else ended.stdout.strip()

    def work(self, name: str, text: bytes = b"hello\n") -> tuple[Path, str]:
        folder = self.root / name
        self.git("init", "-q", "-b", "master", folder)
        (folder / "file").write_bytes(text)
        self.git("add", ".", cwd=folder)
        self.git("commit", "-q", "-m", "first", cwd=folder)
        return folder, self.git("rev-parse", "HEAD", cwd=folder)


@pytest.fixture
def hosting(tmp_path, run):
    made = Hosting(tmp_path, run)
    yield made
    run(made.server.stop())


def test_a_push_arrives_and_is_told_before_git_returns(hosting):
    folder, commit = hosting.work("one")
    hosting.git("push", "-q", hosting.url(), "master", cwd=folder)
    assert hosting.pushed == [("app", "refs/heads/master", NOBODY, commit)]
    assert hosting.git("ls-remote", hosting.url(), "master").split()[0] == commit
    permissions = {(url, permission) for _, url, permission in hosting.asked}
    repository = f"{hosting.server.url}/v1/repos/app"
    assert permissions == {(repository, PULL), (repository, PUSH)}


def test_what_was_pushed_can_be_cloned_also_with_git_at_the_end(hosting):
    folder, commit = hosting.work("one")
    hosting.git("push", "-q", hosting.url(), "master", cwd=folder)
    hosting.git("clone", "-q", "-b", "master", hosting.url() + ".git", "two")
    assert hosting.git("rev-parse", "HEAD", cwd=hosting.root / "two") == commit


def test_a_big_push_is_streamed(hosting):
    folder, commit = hosting.work("one", os.urandom(6 * 1024 * 1024))
    hosting.git("-c", "http.postBuffer=65536", "push", "-q", hosting.url(), "master", cwd=folder)
    assert hosting.pushed[0][3] == commit


def test_a_forced_push_and_a_deleted_branch_are_told(hosting):
    folder, first = hosting.work("one")
    hosting.git("push", "-q", hosting.url(), "master", "master:other", cwd=folder)
    hosting.git("commit", "-q", "--amend", "-m", "other words", cwd=folder)
    second = hosting.git("rev-parse", "HEAD", cwd=folder)
    hosting.pushed.clear()
    hosting.git("push", "-q", "-f", hosting.url(), "+master", ":other", cwd=folder)
    assert set(hosting.pushed) == {
        ("app", "refs/heads/master", first, second),
        ("app", "refs/heads/other", first, NOBODY),
    }


def test_a_refused_push_is_not_told(hosting):
    folder, _ = hosting.work("one")
    hosting.git("push", "-q", hosting.url(), "master", cwd=folder)
    hosting.pushed.clear()
    hosting.git("commit", "-q", "--amend", "-m", "other words", cwd=folder)
    assert "non-fast-forward" in hosting.git("push", hosting.url(), "master", cwd=folder, fails=True)
    assert hosting.pushed == []


@pytest.mark.parametrize(
    ("user", "password", "words"),
    [("writer", "wrong", "Authentication failed"), ("reader", "right", "403")],
)
def test_wrong_credentials_and_missing_permissions_are_refused(hosting, user, password, words):
    folder, _ = hosting.work("one")
    assert words in hosting.git("push", hosting.url(user, password), "master", cwd=folder, fails=True)
    assert hosting.pushed == []


def test_an_unknown_repository_is_not_found(hosting):
    assert "not found" in hosting.git("ls-remote", hosting.url(name="none"), fails=True)


def test_without_credentials_they_are_asked_for(hosting):
    address = f"{hosting.server.url}/v1/repos/app/info/refs?service=git-upload-pack"
    for headers in ({}, {"Authorization": "Basic !"}, {"Authorization": "Bearer x"}):
        answer = httpx.get(address, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="codecommit"'


def test_the_dumb_protocol_and_other_paths_are_closed(hosting):
    base, login = f"{hosting.server.url}/v1/repos", ("writer", "right")
    assert httpx.get(f"{base}/app/info/refs", auth=login).status_code == 403
    for path in ("app/HEAD", "app/objects/info/packs", "..%2f..%2fetc/info/refs?service=git-upload-pack"):
        assert httpx.get(f"{base}/{path}", auth=login).status_code == 404
    assert httpx.post(f"{base}/app/git-upload-archive", auth=login).status_code == 404


def test_nobody_gets_in_until_somebody_decides(tmp_path, run):
    server = GitServer(tmp_path)
    run(server.start(0))
    address = f"{server.url}/v1/repos/app/info/refs?service=git-upload-pack"
    assert httpx.get(address, auth=("a", "b")).status_code == 401
    run(server.stop())
    run(server.stop())
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def test_a_zipped_request_is_read(hosting):
    folder, commit = hosting.work("one")
    hosting.git("push", "-q", hosting.url(), "master", cwd=folder)
    want = f"0032want {commit}\n00000009done\n".encode()
    answer = httpx.post(
        f"{hosting.server.url}/v1/repos/app/git-upload-pack",
        auth=("writer", "right"),
        content=gzip.compress(want),
        headers={"Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"},
    )
    assert answer.status_code == 200
    assert b"PACK" in answer.content


def test_a_client_that_expects_to_be_told_to_continue_is(hosting):
    folder, commit = hosting.work("one", os.urandom(200_000))
    hosting.git(
        "-c", "http.extraHeader=Expect: 100-continue", "push", "-q", hosting.url(), "master", cwd=folder
    )
    assert hosting.pushed[0][3] == commit


def test_a_client_that_goes_away_leaves_no_process(hosting):
    host, port = hosting.server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(
            b"POST /v1/repos/app/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
            b"Authorization: Basic d3JpdGVyOnJpZ2h0\r\n"
            b"Content-Type: application/x-git-receive-pack-request\r\n\r\n0094"
        )
    folder, commit = hosting.work("one")
    hosting.git("push", "-q", hosting.url(), "master", cwd=folder)
    assert hosting.pushed[0][3] == commit


def test_commands_are_read_from_any_pieces_and_nonsense_ends_them():
    line = f"{'1' * 40} {'2' * 40} refs/heads/a\0caps".encode()
    packet = f"{len(line) + 4:04x}".encode() + line
    whole = _Commands()
    whole.feed(packet + b"0000PACK")
    pieces = _Commands()
    for byte in packet + b"0000PACK":
        pieces.feed(bytes([byte]))
    assert whole.asked == pieces.asked == [("1" * 40, "2" * 40, "refs/heads/a")]
    nonsense = _Commands()
    nonsense.feed(zlib.compress(b"x" * 100))
    nonsense.feed(packet)
    assert nonsense.asked == []

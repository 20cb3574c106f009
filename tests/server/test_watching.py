"""How far a command has come with a file, while it runs."""

from __future__ import annotations

import threading

import pytest

from tsalab.server import mariadb, watching

# Both wait for a word at a named pipe, so that the test decides how far they have come.
DUMP = "printf 12345; cat go >&2; printf 67890"
LOAD = "head -c 8192 > /dev/null; cat go > /dev/null; cat > /dev/null; echo loaded"


@pytest.fixture
def told() -> tuple[list[object], threading.Event]:
    return [], threading.Event()


def go_on(host, told) -> threading.Thread:
    """Let the command go on once something was told of it."""

    def wait() -> None:
        assert told[1].wait(20)
        (host.home / "go").write_text("go\n")

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_how_long_a_dump_has_grown(server, host, told) -> None:
    host.program("mysqldump", DUMP)
    server.run("mkfifo go")
    seen, event = told
    thread = go_on(host, told)
    mariadb.dump(server, on_written=lambda size: (seen.append(size), size == 5 and event.set()))
    thread.join()
    assert 5 in seen
    assert (host.home / "dump.sql").read_text() == "1234567890"


def test_how_far_a_dump_is_read(server, host, told) -> None:
    host.program("mysql", LOAD)
    server.run("mkfifo go")
    (host.home / "dump.sql").write_bytes(b"x" * 100_000)
    seen, event = told

    def show(done: int, total: int) -> None:
        seen.append((done, total))
        if done >= 8192:
            event.set()

    thread = go_on(host, told)
    result = mariadb.load(server, "db", "d", "admin", "unasked", on_read=show)
    thread.join()
    assert "loaded" in result.stdout
    assert (8192, 100_000) in seen
    assert watching.read_of(server, "dump.sql") is None  # nobody reads it any more


def test_a_file_that_is_not_there_has_no_size(server) -> None:
    assert watching.size(server, "dump.sql") is None
    assert watching.read_of(server, "dump.sql") is None


def test_a_server_that_is_gone_is_no_error_of_the_watching(server) -> None:
    looked = threading.Event()

    def look() -> int | None:
        looked.set()
        return watching.size(server, "dump.sql")

    with watching.watched(look, lambda _: None):
        server.close()
        assert looked.wait(20)

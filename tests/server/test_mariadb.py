from __future__ import annotations

import pytest

from tsalab.errors import ServerError
from tsalab.server import mariadb

LOAD = """
printf 'Enter password: ' > /dev/tty; read -s word < /dev/tty; echo
[ "$word" = right ] || { echo "ERROR 1045 (28000): Access denied for user '$2'"; exit 1; }
[ "$5" != nowhere ] || { echo "ERROR 2005 (HY000): Unknown server host 'nowhere' (-2)"; exit 1; }
[ "$6" != nothing ] || { echo "ERROR 1049 (42000): Unknown database 'nothing'"; exit 1; }
[ "$6" != broken ] || { echo "ERROR 1064 (42000) at line 3: You have an error"; exit 1; }
echo "$@"; cat
"""


@pytest.fixture
def machine(host, server):
    host.program("mysqldump", 'echo "-- $*"')
    host.program("mysql", LOAD)
    return server


def test_dump_runs_as_printed(machine, host) -> None:
    result = mariadb.dump(machine)
    assert result.command == "mysqldump -u tsauser -pmy-secret-pw tsagallery > dump.sql"
    assert (host.home / "dump.sql").read_text() == "-- -u tsauser -pmy-secret-pw tsagallery\n"


@pytest.mark.parametrize(
    "words",
    [
        "mysqldump: Got errno 28 on write",
        "cat: write error: No space left on device",
        "mysqldump: Errcode: 28",
    ],
)
def test_dump_on_a_full_disk(machine, host, words: str) -> None:
    host.program("mysqldump", f"echo '{words}' >&2; exit 5")
    with pytest.raises(ServerError, match="is full") as caught:
        mariadb.dump(machine)
    assert words in caught.value.why


def test_load_types_the_password_at_the_prompt(machine, host) -> None:
    (host.home / "dump.sql").write_text("INSERT\n")
    result = mariadb.load(machine, "db.example", "GalleryData", "admin", "right")
    assert result.command == "mysql -u admin -p -h db.example GalleryData < dump.sql"
    assert "-u admin -p -h db.example GalleryData\nINSERT\n" in result.stdout
    assert "right" not in result.stdout


@pytest.mark.parametrize(
    ("where", "database", "password", "match"),
    [
        ("db", "d", "wrong", "refused user admin"),
        ("nowhere", "d", "right", "nowhere cannot be reached"),
        ("db", "nothing", "right", "has no database nothing"),
        ("db", "broken", "right", "failed"),
    ],
)
def test_load_says_what_was_wrong(machine, host, where, database, password, match) -> None:
    (host.home / "dump.sql").write_text("")
    with pytest.raises(ServerError, match=match):
        mariadb.load(machine, where, database, "admin", password)


def test_find_dump_takes_the_newest(machine, host) -> None:
    assert mariadb.find_dump(machine) is None
    with pytest.raises(ServerError, match=r"no dump\.sql"):
        mariadb.dump_lines(machine)
    app = host.folder / "app"
    app.mkdir()
    (app / "dump.sql").write_text("older")
    machine.run("touch -d 2001-01-01 ../app/dump.sql; printf newer > dump.sql")
    found = mariadb.find_dump(machine)
    assert found is not None
    assert found.path == str(host.home / "dump.sql")
    assert found.size == 5
    assert b"".join(mariadb.dump_lines(machine)) == b"newer"


def test_service(machine, host) -> None:
    host.program(
        "systemctl",
        """cd; case $1 in
        is-active) [ -e stopped ] && { echo inactive; exit 3; }; echo active;;
        is-enabled) [ -e disabled ] && { echo disabled; exit 1; }; echo enabled;;
        stop) touch stopped;; start) rm stopped;; disable) touch disabled;; enable) rm disabled;;
        esac""",
    )
    on, off = mariadb.ServiceState("mariadb", True, True), mariadb.ServiceState("mariadb", False, False)
    assert mariadb.service_state(machine) == on
    assert mariadb.stop_and_disable(machine) == off
    assert mariadb.enable_and_start(machine) == on
    host.program("systemctl", "echo 'System has not been booted with systemd' >&2; exit 1")
    with pytest.raises(ServerError, match="systemctl is-active mariadb") as caught:
        mariadb.service_state(machine)  # no answer is no "inactive"
    assert "not been booted" in caught.value.why

"""Sessions on the web server, with the computer's own ssh and with asyncssh."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncssh
import psutil
import pytest
from machineground import CLUSTER_HOST, DNS, MASTER_PASSWORD, WEB, Ground, until

Connected = Callable[[asyncssh.SSHClientConnection], Coroutine[Any, Any, Any]]


def connected(ground: Ground, use: Connected, **options: Any) -> Any:
    async def main() -> Any:
        async with asyncssh.connect(DNS, config=[str(ground.config)], **options) as connection:
            return await use(connection)

    return asyncio.run(main())


async def reading(process: asyncssh.SSHClientProcess[str], text: str) -> str:
    return str(await asyncio.wait_for(process.stdout.readuntil(text), 20))


@pytest.mark.parametrize(
    ("command", "status", "stdout"),
    [
        ("whoami", 0, "ec2-user\n"),
        ("id -u; sudo id -u", 0, "1000\n0\n"),
        ("sudo whoami", 0, "root\n"),
        ("exit 7", 7, ""),
        ("echo $USER-$HOST-$TSA_APP_DIR", 0, "ec2-user-127.0.0.1-/opt/tsa_gallery\n"),
        ("cd /opt/tsa_gallery/ && pwd", 0, "/opt/tsa_gallery\n"),
        ("hostname", 0, "ip-203-0-113-10\n"),
        ("cat", 0, "typed"),
        ("sudo -i pwd | xargs basename", 0, "root\n"),
        ("sudo su - -c 'echo $REGION'", 0, "us-east-1\n"),
        ("sudo -u ec2-user whoami; sudo FOO=bar sh -c 'echo $FOO'", 0, "ec2-user\nbar\n"),
    ],
)
def test_a_command_answers_as_on_the_original(ground: Ground, command: str, status: int, stdout: str) -> None:
    done = ground.ssh(command, stdin=b"typed")

    assert (done.returncode, done.stdout) == (status, stdout)


@pytest.mark.parametrize(
    ("command", "status", "stderr"),
    [
        ("su -", 1, "su: Authentication failure"),
        ("sudo nonsense", 1, "sudo: nonsense: command not found"),
        ("sudo -u nobody true", 1, "sudo: unknown user nobody"),
        ("sudo --nonsense", 1, "the sandbox does not have the option"),
        ("sudo su - nobody", 1, "su: user nobody does not exist"),
        ("dnf install -y git", 1, "superuser privileges"),
        ("sudo dnf install -y emacs", 1, "No match for argument: emacs"),
        ("sudo yum list", 1, "does not have the command 'list'"),
        ("cloud-init clean", 1, "the sandbox has only"),
    ],
)
def test_what_is_not_there_fails_loudly(ground: Ground, command: str, status: int, stderr: str) -> None:
    done = ground.ssh(command)

    assert done.returncode == status
    assert stderr in done.stderr


def test_nothing_of_the_computers_own_environment_comes_in(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-computer")
    monkeypatch.setenv("PYTHONPATH", "/of-the-computer")

    assert "of-the-computer" not in ground.ssh("env; sudo su - -c env").stdout


def test_an_output_of_megabytes_is_never_cut_short(ground: Ground) -> None:
    size = 3_000_001
    expected = hashlib.sha256(b"x" * size).hexdigest()
    command = f"head -c {size} /dev/zero | tr '\\0' x"

    async def often(connection: asyncssh.SSHClientConnection) -> list[str]:
        async def once() -> str:
            done = await connection.run(command, encoding=None)
            return hashlib.sha256(done.stdout).hexdigest()

        return [digest for _ in range(10) for digest in await asyncio.gather(*(once() for _ in range(5)))]

    assert set(connected(ground, often)) == {expected}


def test_an_output_on_a_terminal_is_never_cut_short(ground: Ground) -> None:
    async def often(connection: asyncssh.SSHClientConnection) -> list[str]:
        return [
            str((await connection.run("seq 20000; echo end", term_type="xterm")).stdout) for _ in range(50)
        ]

    outputs = connected(ground, often)

    assert {output.splitlines()[-1] for output in outputs} == {"end"}
    assert {len(output.splitlines()) for output in outputs} == {20001}


def test_openssh_gets_whole_outputs_too(ground: Ground) -> None:
    done = ground.ssh("seq 300000")

    assert done.stdout.splitlines()[-1] == "300000"
    assert len(done.stdout.splitlines()) == 300000


def test_a_large_input_arrives_whole(ground: Ground) -> None:
    sent = bytes(range(256)) * 20000

    assert ground.ssh("sha256sum", stdin=sent).stdout.split()[0] == hashlib.sha256(sent).hexdigest()


def test_input_that_nobody_reads_is_no_error(ground: Ground) -> None:
    assert ground.ssh("exec 0<&-; echo ok", stdin=b"x" * 3_000_000).stdout == "ok\n"


def test_a_signal_ends_the_program_and_is_reported(ground: Ground) -> None:
    async def terminate(connection: asyncssh.SSHClientConnection) -> Any:
        process = await connection.create_process("echo started; exec sleep 1000")
        await reading(process, "started\n")
        process.send_signal("TERM")
        return await asyncio.wait_for(process.wait(check=False), 20)

    done = connected(ground, terminate)

    assert done.exit_signal is not None or done.exit_status == 128 + 15


def test_a_terminal_has_the_clients_size_and_takes_a_new_one(ground: Ground) -> None:
    async def resize(connection: asyncssh.SSHClientConnection) -> tuple[str, str]:
        process = await connection.create_process(
            "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.02; done",
            term_type="xterm",
            term_size=(91, 31),
        )
        first = await reading(process, "\n")
        process.change_terminal_size(120, 40)
        second = await reading(process, "\n")
        await process.wait()
        return first.strip(), second.strip()

    assert connected(ground, resize) == ("31 91", "40 120")


def test_a_client_that_goes_away_takes_its_terminals_programs_along(ground: Ground) -> None:
    async def leave(connection: asyncssh.SSHClientConnection) -> int:
        process = await connection.create_process("echo $$; exec sleep 1000", term_type="xterm")
        return int(await reading(process, "\n"))

    pid = connected(ground, leave)

    until(lambda: not psutil.pid_exists(pid))
    assert not psutil.pid_exists(pid)


def test_the_prompts_of_ec2_user_and_root_are_the_originals(ground: Ground) -> None:
    async def type_in(connection: asyncssh.SSHClientConnection) -> str:
        shell = await connection.create_process(term_type="xterm")
        said = await reading(shell, "$ ")
        shell.stdin.write("sudo su -\n")
        said += await reading(shell, "# ")
        shell.stdin.write("cd /opt/tsa_gallery/\n")
        said += await reading(shell, "# ")
        shell.stdin.write("exit\n")
        said += await reading(shell, "$ ")
        shell.stdin.write_eof()
        await asyncio.wait_for(shell.wait(), 20)
        return said

    said = connected(ground, type_in)

    assert "[ec2-user@ip-203-0-113-10 ~]$ " in said
    assert "[root@ip-203-0-113-10 ~]# " in said
    assert "[root@ip-203-0-113-10 tsa_gallery]# " in said


def test_the_database_is_moved_as_the_lab_prints_it(ground: Ground, cluster: object) -> None:
    dump = ground.ssh("mysqldump -u tsauser -pmy-secret-pw tsagallery > dump.sql")
    assert dump.returncode == 0, dump

    async def load(connection: asyncssh.SSHClientConnection) -> tuple[int, str]:
        process = await connection.create_process(
            f"mysql -u admin -p -h {CLUSTER_HOST} TSAGalleryData < dump.sql", term_type="xterm"
        )
        said = await reading(process, "Enter password: ")
        process.stdin.write(MASTER_PASSWORD + "\n")
        done = await asyncio.wait_for(process.wait(check=False), 20)
        return int(done.exit_status or 0), said + str(done.stdout)

    status, said = connected(ground, load)

    assert status == 0, said
    assert MASTER_PASSWORD not in said
    query = "SELECT GROUP_CONCAT(HEX(title) ORDER BY id) FROM images"
    source = ground.ssh(f"mysql -N -u tsauser -pmy-secret-pw tsagallery -e '{query}'")
    target = ground.ssh(
        f'MYSQL_PWD="$(cat)" mysql -N -u admin --host={CLUSTER_HOST} --port 3306 '
        f"TSAGalleryData -e '{query}'",
        stdin=MASTER_PASSWORD.encode(),
    )
    assert source.stdout == target.stdout != ""


def test_a_wrong_password_at_the_prompt_is_refused(ground: Ground, cluster: object) -> None:
    async def load(connection: asyncssh.SSHClientConnection) -> Any:
        process = await connection.create_process(
            f"mysql -u admin -p -h {CLUSTER_HOST.upper()} -e 'SELECT 1'", term_type="xterm"
        )
        await reading(process, "Enter password: ")
        process.stdin.write("wrong\n")
        return await asyncio.wait_for(process.wait(check=False), 20)

    done = connected(ground, load)

    assert done.exit_status == 1
    assert "ERROR 1045 (28000): Access denied for user 'admin'" in str(done.stdout)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("mysql -u tsauser -pmy-secret-pw -h 127.0.0.1 -P3306 -Ne 'SELECT USER()'", "tsauser@localhost"),
        ("mysql -u tsauser -pmy-secret-pw -hlocalhost -N -e 'SELECT USER()'", "tsauser@localhost"),
        ("mariadb -utsauser -pmy-secret-pw --protocol=tcp -Ne 'SELECT USER()'", "tsauser@localhost"),
        ("sudo mysql -Ne 'SELECT USER()'", "root@localhost"),
        ("mysql --no-defaults -utsauser -pmy-secret-pw -Ne 'SELECT USER()'", "tsauser@localhost"),
        ("mysql --no-defaults -h127.0.0.1 -utsauser -pmy-secret-pw -Ne 'SELECT USER()'", "tsauser@localhost"),
    ],
)
def test_mysql_finds_the_machines_own_server(ground: Ground, command: str, expected: str) -> None:
    assert ground.ssh(command).stdout.strip() == expected


def test_mysql_without_rights_is_refused(ground: Ground) -> None:
    done = ground.ssh("mysql -e 'SELECT 1'; mysql -u root -e 'SELECT 1'; mysql -h nowhere.sandbox.internal")

    assert done.stderr.count("Access denied") == 2
    assert "Unknown" in done.stderr


def test_nobody_else_gets_in(ground: Ground, key: asyncssh.SSHKey) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519")

    async def nothing(connection: asyncssh.SSHClientConnection) -> None:
        return None

    with pytest.raises(asyncssh.PermissionDenied):
        connected(ground, nothing, client_keys=[stranger])
    with pytest.raises(asyncssh.PermissionDenied):
        connected(ground, nothing, username="root", client_keys=[key])
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        connected(ground, nothing, known_hosts=b"")


def test_instance_connect_lets_a_key_in_for_a_while(ground: Ground) -> None:
    guest = asyncssh.generate_private_key("ssh-ed25519")

    async def nothing(connection: asyncssh.SSHClientConnection) -> str:
        return "in"

    ground.estate.servers.authorize(WEB, guest.export_public_key().decode(), 60)
    assert connected(ground, nothing, client_keys=[guest]) == "in"
    late = asyncssh.generate_private_key("ssh-ed25519")
    ground.estate.servers.authorize(WEB, late.export_public_key().decode(), -1)
    with pytest.raises(asyncssh.PermissionDenied):
        connected(ground, nothing, client_keys=[late])


def test_files_are_copied_with_scp_and_sftp(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"\x00photo" * 1000)
    for flags in ([], ["-O"]):
        subprocess.run(
            [
                "scp",
                "-q",
                *flags,
                "-F",
                str(ground.config),
                str(tmp_path / "there"),
                f"{DNS}:/opt/tsa_gallery/x",
            ],
            check=True,
        )
        subprocess.run(
            [
                "scp",
                "-q",
                *flags,
                "-F",
                str(ground.config),
                f"{DNS}:/opt/tsa_gallery/x",
                str(tmp_path / "back"),
            ],
            check=True,
        )
        assert (tmp_path / "back").read_bytes() == (tmp_path / "there").read_bytes()

    async def put(connection: asyncssh.SSHClientConnection) -> None:
        async with connection.start_sftp_client() as sftp:
            await sftp.put(str(tmp_path / "there"), "mine")

    connected(ground, put)
    assert (
        ground.ssh("cksum < mine").stdout
        == ground.ssh("cksum < /opt/tsa_gallery/x; rm mine /opt/tsa_gallery/x").stdout
    )

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

import asyncssh
import psutil
import pytest

from tsalab.errors import ServerError
from tsalab.server import Server, background


def test_output_streams_and_status(server: Server) -> None:
    result = server.run("echo out; echo err >&2; printf 'ü'")
    assert (result.status, result.stdout, result.stderr) == (0, "out\nü", "err\n")
    assert result.seconds > 0
    assert repr(server) == "Server(ec2-user@web)"


def test_large_output_is_complete(server: Server) -> None:
    assert len(server.run("head -c 20000000 /dev/zero | tr '\\0' x").stdout) == 20_000_000


def test_large_input_arrives(server: Server) -> None:
    assert server.run("wc -c", input=b"y" * 5_000_000).stdout.strip() == "5000000"


def test_input_that_nobody_reads(server: Server) -> None:
    assert server.run("true", input=b"y" * 5_000_000).status == 0


def test_output_comes_live_in_the_callers_thread(server: Server, host) -> None:
    seen: list[tuple[str, int]] = []
    flag = host.home / "go"

    def watch(text: str) -> None:
        seen.append((text, threading.get_ident()))
        flag.touch()

    server.run("echo first; until [ -e go ]; do sleep 0.02; done; echo second", on_output=watch, timeout=10)
    assert "".join(text for text, _ in seen) == "first\nsecond\n"
    assert {thread for _, thread in seen} == {threading.get_ident()}


def test_a_character_cut_between_pieces(server: Server) -> None:
    text = server.run(r"printf '\xc3'; sleep 0.1; printf '\xbc'").stdout
    assert text == "ü"


def test_root_runs_in_roots_shell(server: Server, host) -> None:
    host.program("su", 'echo "su $1 $2"; exec bash -c "$3"')
    assert server.run("echo 'it'\"'\"'s me'", root=True).stdout == "su - -c\nit's me\n"


def test_failure_shows_the_last_lines(server: Server) -> None:
    with pytest.raises(ServerError, match="status 3") as caught:
        server.run("echo reason >&2; exit 3")
    assert caught.value.why == "reason"
    assert server.run("exit 3", check=False).status == 3


def test_killed_command_names_the_signal(server: Server) -> None:
    with pytest.raises(ServerError, match="signal KILL"):
        server.run("kill -KILL $$")


def test_unknown_program(server: Server) -> None:
    with pytest.raises(ServerError, match="lacks a program that this command needs"):
        server.run("no-such-program-here")


def test_prompt_is_answered_and_never_shown(server: Server) -> None:
    seen: list[str] = []
    result = server.run(
        "read -s -p 'Enter password: ' word < /dev/tty; echo; echo ${#word}; echo \"got $word\"",
        prompts={r"password: ?$": "s3cret wörd"},
        on_output=seen.append,
        timeout=10,
    )
    assert "11\n" in result.stdout
    assert "got ***" in result.stdout
    assert "s3cret" not in result.stdout + "".join(seen) + repr(result)


def test_wrong_answer_ends_the_command(server: Server, host) -> None:
    with pytest.raises(ServerError, match="same question again") as caught:
        server.run("while true; do read -p 'name: ' word; done", prompts={r"name: $": "hidden"}, timeout=20)
    assert "hidden" not in str(caught.value)
    assert all_gone(host)


def test_timeout_ends_the_remote_command(server: Server, host) -> None:
    with pytest.raises(ServerError, match=r"did not end within 0\.5 s") as caught:
        server.run("echo waiting; exec sleep 60", timeout=0.5)
    assert "waiting" in caught.value.why
    assert all_gone(host)
    assert server.run("echo still here").stdout == "still here\n"


def test_a_stubborn_command_is_killed(server: Server, host) -> None:
    with pytest.raises(ServerError, match="did not end"):
        server.run("trap '' INT TERM; while true; do sleep 0.1; done", timeout=0.5)
    assert all_gone(host)


def test_what_runs_as_root_is_ended_too(server: Server, host) -> None:
    host.deaf = True
    with pytest.raises(ServerError, match="did not end"):
        server.run("setsid sleep 61 & trap '' TERM; while true; do sleep 0.1; done", root=True, timeout=0.5)
    assert all_gone(host)
    assert "sleep 61" not in {
        " ".join(process.cmdline()) for process in psutil.process_iter() if alive(process)
    }


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_ctrl_c_ends_the_remote_command(server: Server, host) -> None:
    timer = threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        server.run("exec sleep 60")
    timer.join()
    assert all_gone(host)


def test_an_error_in_the_callback_ends_the_remote_command(server: Server, host) -> None:
    def broken(text: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        server.run("echo x; exec sleep 60", on_output=broken)
    assert all_gone(host)


def test_server_that_goes_away(server: Server, host) -> None:
    timer = threading.Timer(0.4, host.drop)
    timer.start()
    with pytest.raises(ServerError, match="went away"):
        server.run("sleep 30")
    timer.join()
    assert server.is_closed
    with pytest.raises(ServerError, match="is closed"):
        server.run("true")


def test_server_that_goes_away_while_streaming(server: Server, host) -> None:
    stream = server.stream("yes")
    next(stream)
    host.drop()
    with pytest.raises(ServerError, match="went away"):
        list(stream)


def test_stream(server: Server) -> None:
    assert sum(map(len, server.stream("head -c 9000000 /dev/zero"))) == 9_000_000
    with pytest.raises(ServerError, match="failed"):
        list(server.stream("cat /no/such"))


def test_stream_left_early_ends_the_command(server: Server, host) -> None:
    stream = server.stream("yes")
    assert next(stream).startswith(b"y\n")
    stream.close()
    assert all_gone(host)


def test_forwarding(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            taken, _ = listener.accept()
            with taken:
                taken.sendall(b"hello " + taken.recv(100))

        thread = threading.Thread(target=greet)
        thread.start()
        with (
            server.forward("127.0.0.1", listener.getsockname()[1]) as port,
            socket.create_connection(("127.0.0.1", port), 5) as client,
        ):
            client.sendall(b"you")
            assert client.recv(100) == b"hello you"
        thread.join()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_forwarding_to_a_closed_port_says_so(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    def use() -> None:
        with (
            server.forward("127.0.0.1", port) as local,
            socket.create_connection(("127.0.0.1", local), 5) as client,
        ):
            if client.recv(10) == b"":
                raise ConnectionResetError

    with pytest.raises(ServerError, match=f"cannot reach 127.0.0.1:{port}"):
        use()


def test_an_error_of_the_block_stays(server: Server, host) -> None:
    with pytest.raises(ZeroDivisionError), server.forward("127.0.0.1", host.port):
        raise ZeroDivisionError
    with pytest.raises(ServerError, match="is closed"), server.forward("127.0.0.1", host.port):
        raise ServerError.closed("web")


def test_close_twice(host) -> None:
    server = Server.connect("web", ssh_config=host.config)
    server.close()
    server.close()
    assert server.is_closed


def test_gcm_is_preferred(server: Server) -> None:
    assert server._connection.get_extra_info("send_cipher") == "aes128-gcm@openssh.com"


# --- what can stand in the way


def refuse(match: str, **given) -> ServerError:
    with pytest.raises(ServerError, match=match) as caught:
        Server.connect(given.pop("name", "web"), **{"timeout": 5, **given})
    return caught.value


def test_unknown_name(host) -> None:
    refuse("is not known", name="no-such-host.invalid", ssh_config=host.config, key=host.key)


def test_nothing_listens(host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    refuse("refused the SSH connection", ssh_config=host.write_config(Port=str(port)))


def test_no_answer(host) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        port = listener.getsockname()[1]
        refuse("did not answer within", ssh_config=host.write_config(Port=str(port)), timeout=0.3)


def test_not_an_ssh_server(host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def close() -> None:
            taken, _ = listener.accept()
            taken.close()

        thread = threading.Thread(target=close)
        thread.start()
        port = listener.getsockname()[1]
        refuse("cannot be reached", ssh_config=host.write_config(Port=str(port)))
        thread.join()


def test_wrong_key(host, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(other))
    refuse("refused the key for user ec2-user", ssh_config=host.config, key=other)


def test_key_file_missing(host, tmp_path: Path) -> None:
    error = refuse("does not exist", ssh_config=host.config, key=tmp_path / "lost.pem")
    assert "lost.pem" in error.what
    refuse(r"gone\.pem", ssh_config=host.write_config(IdentityFile=str(tmp_path / "gone.pem")))


def test_key_file_is_no_key(host, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("hello")
    refuse("cannot be used", ssh_config=host.config, key=junk)


def test_key_file_with_passphrase(host, tmp_path: Path) -> None:
    locked = tmp_path / "locked.pem"
    asyncssh.generate_private_key("ssh-rsa").write_private_key(str(locked), "pkcs8-pem", passphrase="x")
    assert "passphrase" in refuse("cannot be used", ssh_config=host.config, key=locked).why


def test_key_file_unreadable(host, tmp_path: Path, monkeypatch) -> None:
    from tsalab.server import failures

    error = failures.preparing(PermissionError(13, "no", str(host.key)), None, None)
    assert "may not read" in error.why  # root reads everything, so the system cannot refuse here


def test_no_config(host, tmp_path: Path) -> None:
    refuse("cannot be read", ssh_config=tmp_path / "none")
    bad = tmp_path / "bad"
    bad.write_text("Host web\n  Port many\n")
    refuse("cannot be read", ssh_config=bad)


def test_unknown_host_key(host) -> None:
    host.known_hosts.write_text("")
    error = refuse("not among the known hosts", ssh_config=host.config)
    assert host.host_key.get_fingerprint() in error.why


def test_known_hosts_file_missing_counts_as_empty(host) -> None:
    host.known_hosts.unlink()
    refuse("not among the known hosts", ssh_config=host.config)


def test_changed_host_key(host) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode()
    host.known_hosts.write_text(f"[127.0.0.1]:{host.port} {other}")
    refuse("another host key than before", ssh_config=host.config)


def test_first_key_is_pinned(host, tmp_path: Path) -> None:
    pins = tmp_path / "lab" / "known_hosts"
    for _ in range(2):
        with Server.connect("web", ssh_config=host.config, known_hosts=pins) as server:
            assert server.run("echo hi").stdout == "hi\n"
    assert len(pins.read_text().splitlines()) == 1
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode()
    pins.write_text(f"[127.0.0.1]:{host.port} {other}")
    refuse("another host key than before", ssh_config=host.config, known_hosts=pins)


def test_hosts_are_remembered_besides_those_that_are_known(host, tmp_path: Path) -> None:
    memory = tmp_path / "lab" / "known_hosts"
    with Server.connect("web", ssh_config=host.config, remember=memory):
        assert not memory.exists(), "the configuration's own file knows it"
    known = host.known_hosts.read_text()
    host.known_hosts.write_text("")
    with Server.connect("web", ssh_config=host.config, remember=memory):
        assert memory.read_text().split()[1:] == known.split()[1:3]
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode()
    host.known_hosts.write_text(f"[127.0.0.1]:{host.port} {other}")
    memory.unlink()
    refuse("another host key than before", ssh_config=host.config, remember=memory)


def group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None  # it ended since it was listed


def all_gone(host) -> bool:
    """Whether every process group that commands started has ended (soon)."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        alive = [pid for pid in psutil.pids() if group(pid) in host.started and running(pid)]
        if not alive:
            return True
        time.sleep(0.02)
    return False


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_end_of_the_loop_closes_what_is_still_open(host) -> None:
    left = Server.connect("web", ssh_config=host.config, timeout=10)
    socket_of = left._connection.get_extra_info("socket")
    background.stop()
    assert left.is_closed
    assert socket_of.fileno() == -1
    with Server.connect("web", ssh_config=host.config, timeout=10) as again:
        assert again.run("echo back").stdout == "back\n"

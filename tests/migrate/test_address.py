"""URLs and option files: what they say, and that a mistake in one never repeats a password."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsalab.errors import SettingError
from tsalab.migrate.address import Address, Given, read_option_files, read_url


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mysql://ada@db.example.org:3307/shop", Address("ada", "db.example.org", 3307, "shop")),
        ("mysql://db.example.org", Address("", "db.example.org", None, "")),
        ("mysql://a%40b%3A@h/my%2Fshop%20%23%3F", Address("a@b:", "h", None, "my/shop #?")),
        ("mysql:///shop", Address("", "", None, "shop")),
        ("mysql://ada@[::1]:3307/", Address("ada", "::1", 3307, "")),
        ("MySQL://ada@h/S", Address("ada", "h", None, "S")),
    ],
)
def test_a_url(url: str, address: Address) -> None:
    assert read_url(url, "SOURCE") == address


def test_the_url_of_an_ssh_server() -> None:
    assert read_url("ssh://web", "--via", "ssh") == Address("", "web")
    assert read_url("ssh://ada@web:2222", "--via", "ssh") == Address("ada", "web", 2222)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://ada@h/d", "does not begin with mysql://"),
        ("ada@h/d", "does not begin with mysql://"),
        ("mysql:ada@h/d", "does not begin with mysql://"),
        ("", "does not begin with mysql://"),
        ("mysql://ada@h:port/d", "host or port cannot be read"),
        ("mysql://ada@h:99999/d", "host or port cannot be read"),
        ("mysql://ada@[::1/d", "host or port cannot be read"),
        ("mysql://ada@h/d?ssl=1", "follows a \\? or #"),
        ("mysql://ada@h/d#e", "follows a \\? or #"),
        ("mysql://ada@h/d/e", "a part too many"),
    ],
)
def test_what_is_no_url(url: str, why: str) -> None:
    with pytest.raises(SettingError, match=why) as caught:
        read_url(url, "TARGET")
    assert caught.value.what == "TARGET is no address that can be used."
    assert "mysql://user@host:port/database" in caught.value.next_step


def test_an_ssh_url_has_no_path() -> None:
    with pytest.raises(SettingError, match="a part too many"):
        read_url("ssh://ada@web/d", "--via", "ssh")


PASSWORDS = st.text(st.sampled_from("abcXYZ019:/@?#[]%&=+ \\'\""), min_size=0, max_size=12).map(
    lambda word: f"hush{word}hush"
)


@given(PASSWORDS)
def test_a_password_in_a_url_is_refused_and_not_repeated(password: str) -> None:
    """Whatever is in it, also where that makes something else of the URL."""
    with pytest.raises(SettingError) as caught:
        read_url(f"mysql://ada:{password}@db.example.org/shop", "SOURCE")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["mysql", "ssh"])
@pytest.mark.parametrize("password", ["", "secret", "se/cr@et"])
def test_a_password_is_refused_for_its_own_reason(password: str, scheme: str) -> None:
    url = f"{scheme}://ada:{password}@h"
    with pytest.raises(SettingError, match=r"(?s)list of processes.*environment.*option file.*prompt"):
        read_url(url, "SOURCE", scheme)


def option_file(folder: Path, text: str, name: str = "my.cnf") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_an_option_file(tmp_path: Path) -> None:
    path = option_file(
        tmp_path,
        "# mine\n!includedir /etc/nowhere\n[mysqld]\nuser=mysql\n"
        "[client]\nuser = ada\n  password='with # and = \\\\ \\s'\n  port=3307\nssl_ca=~/ca.pem\n"
        "[client_source]\nhost=here\nuser=reader\n[client_target]\nhost=there\n",
    )
    source = read_option_files([path], "_source")
    assert source == Given("reader", "with # and = \\  ", "here", 3307, Path("~/ca.pem").expanduser())
    target = read_option_files([path], "_target")
    assert (target.user, target.host) == ("ada", "there")
    assert "with" not in repr(source)


def test_a_later_file_goes_first_and_a_bare_password_is_none(tmp_path: Path) -> None:
    one = option_file(tmp_path, "[client]\nuser=ada\npassword=one\nuser=eve\n", "one")
    two = option_file(tmp_path, "[client]\npassword\nhost=h\n", "two")
    assert read_option_files([one, two], "_source") == Given("eve", "one", "h")
    assert read_option_files([two], "_source").password is None
    assert read_option_files([option_file(tmp_path, "[client]\npassword=\n")], "_source").password == ""
    assert read_option_files([], "_source") == Given()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"password=hush\n[client]\n", "form of an option file"),
        (b"[client\npassword=hush\n", "form of an option file"),
        (b"[client]\n=hush\n", "form of an option file"),
        (b"[client]\npassword=hush\xff\n", "not UTF-8"),
        (b"[client]\npassword=hush\nport=x\n", "port is not a number"),
        (None, "No such file"),
    ],
)
def test_an_option_file_that_cannot_be_read(text: bytes | None, why: str, tmp_path: Path) -> None:
    path = tmp_path / "my.cnf"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(SettingError, match=why) as caught:
        read_option_files([path], "_source")
    assert str(path) in caught.value.what
    assert "hush" not in str(caught.value)

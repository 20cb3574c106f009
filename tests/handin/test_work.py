"""``work.zip``: what goes in comes out, and what somebody made to harm does nothing."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsalab.handin import Table, Work, WorkError, pack, packed, read

WORK = Work("Ada", "a" * 32, "Resources: {}\n", "c" * 40, b"bundle", {"images": Table(3, "d" * 64)})


def zipped(**changed: bytes | None) -> bytes:
    """The archive with members replaced, added, or taken out."""
    with zipfile.ZipFile(io.BytesIO(WORK.to_bytes())) as archive:
        members: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (members | changed).items():
            if data is not None:
                archive.writestr(name, data)
    return buffer.getvalue()


def facts(**changed: Any) -> bytes:
    with zipfile.ZipFile(io.BytesIO(WORK.to_bytes())) as archive:
        return json.dumps(json.loads(archive.read("work.json")) | changed).encode()


def test_what_goes_in_comes_out() -> None:
    assert read(WORK.to_bytes()) == WORK
    assert WORK.to_bytes() == WORK.to_bytes()


def link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        member = zipfile.ZipInfo("infra.yml")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    return buffer.getvalue()


def twice() -> bytes:
    buffer = io.BytesIO(WORK.to_bytes())
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("infra.yml", "other")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: zipped(**{"../../x": b""}), "does not belong there"),
        (lambda: zipped(**{"/etc/cron.d/x": b""}), "does not belong there"),
        (lambda: zipped(**{"app.bundle": None}), "lacks app.bundle"),
        (lambda: zipped(**{"infra.yml": b"Resources: {x: y}"}), "infra.yml is not the one"),
        (lambda: zipped(**{"app.bundle": b" " * (33 * 1024 * 1024)}), "app.bundle is larger"),
        (lambda: zipped(**{"work.json": b"[" * 100_000}), "not of the form"),
        (lambda: zipped(**{"work.json": b"[]"}), "not of form 1"),
        (lambda: zipped(**{"work.json": facts(commit="--upload-pack=x")}), "commit"),
        (
            lambda: zipped(**{"work.json": facts(tables={"x; DROP": {"rows": 1, "digest": "d" * 64}})}),
            "tables",
        ),
        (lambda: zipped(**{"work.json": facts(tables={"x": {"rows": -1, "digest": "d" * 64}})}), "tables"),
        (lambda: zipped(**{"work.json": facts(tables=7)}), "not of the form"),
        (lambda: zipped(**{"work.json": facts(learner=["Ada"])}), "learner"),
        (link, "a link"),
        (twice, "or twice"),
        (lambda: b"no zip", "not of the form"),
        (lambda: b" " * (65 * 1024 * 1024), "larger than 64 MB"),
    ],
    ids=[
        "parent",
        "absolute",
        "lacking",
        "template",
        "large",
        "deep",
        "list",
        "option",
        "injection",
        "negative",
        "number",
        "learner",
        "link",
        "twice",
        "torn",
        "endless",
    ],
)
def test_what_somebody_made_to_harm_is_named(make: Callable[[], bytes], why: str) -> None:
    with pytest.raises(WorkError, match=why):
        read(make())


@given(st.binary(max_size=400), st.integers(0, 600))
def test_any_bytes_are_work_or_a_named_error(more: bytes, at: int) -> None:
    whole = WORK.to_bytes()
    for data in (more, whole[:at] + more + whole[at + len(more) :]):
        with suppress(WorkError):
            assert read(data).to_bytes()


def git(folder: Path, *command: str) -> str:
    options = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(["git", *options, *command], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_folder_is_packed_with_what_is_there(tmp_path: Path) -> None:
    assert packed(tmp_path, tmp_path) is None
    clone = tmp_path / "TSAGallery-API"
    clone.mkdir()
    (tmp_path / "key.pem").write_text("PRIVATE KEY")
    (tmp_path / "infra.yml").write_text("Resources: {}\n")
    git(clone, "init", "--quiet")
    assert pack(tmp_path).commit == ""  # no commit yet
    (clone / "app.js").write_text("1")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "-m", "x")
    (clone / ".git" / "hooks" / "post-checkout").write_text("#!/bin/sh\ntouch ran\n")
    path = packed(tmp_path, tmp_path)
    assert path == tmp_path / "work.zip"
    data = path.read_bytes()
    work = read(data)
    assert (work.template, work.commit, work.tables) == (
        "Resources: {}\n",
        git(clone, "rev-parse", "HEAD"),
        {},
    )
    assert b"PRIVATE KEY" not in data
    (tmp_path / "app.bundle").write_bytes(work.app)
    assert work.commit in git(tmp_path, "bundle", "list-heads", "app.bundle")

from __future__ import annotations

import os
import stat

import pytest

from tsalab.errors import SandboxError
from tsalab.sandbox.folder import Folder, read_json, write_json


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a b", "x" * 33])
def test_a_name_is_a_folder_and_a_profile(name):
    with pytest.raises(SandboxError, match="cannot be named"):
        Folder(name)


def test_the_folder_and_what_is_written_in_it_are_private(home):
    folder = Folder("one")
    folder.create()
    folder.write_facts({"name": "one"})
    assert mode(folder.root) == 0o700
    assert mode(folder.path("sandbox.json")) == 0o600
    assert mode(folder.runtime) == 0o700
    assert folder.read_facts() == {"name": "one"}


def test_the_runtime_folder_is_short_and_removed_with_the_sandbox(home):
    folder = Folder("one")
    folder.create()
    runtime = folder.runtime
    assert len(str(runtime / "some-database.sock")) < 100
    folder.delete()
    assert not runtime.exists()
    assert not folder.exists()


def test_a_runtime_folder_of_somebody_else_is_refused(home, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = Folder("one")
    folder._runtime().symlink_to(home)
    with pytest.raises(SandboxError, match="belongs to another user"):
        _ = folder.runtime


def test_a_runtime_folder_open_to_others_is_closed(home):
    folder = Folder("one")
    folder.runtime.chmod(0o777)
    assert mode(folder.runtime) == 0o700


def test_only_one_holds_a_lock(home):
    folder = Folder("one")
    assert not folder.supervised()
    with folder.lock("supervisor.lock", wait=False) as first:
        assert first
        assert folder.supervised()
        with folder.lock("supervisor.lock", wait=False) as second:
            assert not second
    assert not folder.supervised()


def test_a_failed_write_leaves_the_old_file(home, monkeypatch):
    folder = Folder("one")
    folder.create()
    file = folder.path("x.json")
    write_json(file, {"a": 1})

    def fail(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_json(file, {"a": 2})
    assert read_json(file) == {"a": 1}
    assert [path.name for path in folder.root.iterdir()] == ["x.json"]

from __future__ import annotations

import shutil

import pytest

from tsalab.errors import SandboxError
from tsalab.sandbox import manager, preparation, requirements
from tsalab.sandbox.machines import programs


def test_this_machine_has_all():
    requirements.check()


@pytest.fixture
def without(monkeypatch):
    """Hide a program from this process."""
    find, which = requirements.find, shutil.which

    def hide(missing):
        hidden = {missing, "mysqld"}

        def looked_up(name, **more):
            return None if name in hidden else which(name, **more)

        monkeypatch.setattr("shutil.which", looked_up)
        monkeypatch.setattr(requirements, "find", lambda *names: None if hidden & {*names} else find(*names))
        monkeypatch.setattr(programs, "_wheel", lambda: None)
        programs.mariadbd.cache_clear()
        programs.node.cache_clear()

    yield hide
    monkeypatch.undo()
    programs.mariadbd.cache_clear()
    programs.node.cache_clear()


@pytest.mark.parametrize("missing", ["mariadbd", "node", "git"])
def test_a_missing_tool_stops_before_anything_starts(missing, home, without):
    without(missing)
    with pytest.raises(SandboxError) as caught:
        manager.up("one", start_state=False)
    assert missing in caught.value.what.lower().replace("node.js", "node")
    assert "nstall" in caught.value.next_step
    assert manager.names() == []


def test_npm_that_fails_stops_before_anything_starts(home, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "package.json").write_text('{"name": "broken", "dependencies": {"x": "file:./nowhere.tgz"}}')
    (broken / "package-lock.json").write_text('{"name": "broken", "lockfileVersion": 3, "packages": {}}')
    monkeypatch.setenv("TSALAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(preparation, "lock_folders", lambda: [broken])
    said = []
    with pytest.raises(SandboxError, match="npm") as caught:
        manager.up("one", on_event=said.append)
    assert "installing Node.js packages, once on this computer" in said
    assert "npm" in caught.value.why
    assert manager.names() == []

"""The table of settings, and where the package finds its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tsalab import resources, settings


def test_the_environment_wins_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TSALAB_PROFILE", raising=False)
    assert settings.get("profile") == "sandbox"
    monkeypatch.setenv("TSALAB_PROFILE", "")
    assert settings.get("profile") == "sandbox"
    monkeypatch.setenv("TSALAB_PROFILE", "class3")
    assert settings.get("profile") == "class3"


def test_folders_are_whole_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TSALAB_HOME", "~/labs")
    monkeypatch.setenv("TSALAB_CACHE", "relative")
    monkeypatch.chdir(tmp_path)
    assert settings.home() == tmp_path / "labs"
    assert settings.cache() == tmp_path / "relative"


def test_an_unknown_setting_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        settings.get("hoem")


def test_a_checkout_uses_its_own_files_and_an_installation_those_inside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = Path(__file__).parents[1]
    assert resources.templates() == root / "templates"
    assert resources.notebooks() == root / "notebooks"
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "tsalab")
    assert resources.templates() == tmp_path / "tsalab" / "_data" / "templates"
    assert resources.notebooks() == tmp_path / "tsalab" / "_data" / "notebooks"

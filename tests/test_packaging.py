"""What is said twice is said the same: dependencies, versions, settings, locks."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tsalab.settings import SETTINGS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# Names that differ on conda-forge, what an extra of PyPI stands for there, and what is not there.
CONDA_NAMES = {
    "fastjsonschema": ["python-fastjsonschema"],
    "pymysql[rsa]": ["pymysql"],
}  # its rsa is cryptography, named itself
NOT_ON_CONDA = {"ministack"}
# Programs that the system brings elsewhere; the versions are those that were measured.
PROGRAMS = {"bash", "git", "make", "nodejs=22", "openssh", "pip"}


def split(requirement: str) -> tuple[str, str]:
    """Name with its extra, and the version asked for."""
    found = re.fullmatch(r"([A-Za-z0-9_.-]+(?:\[\w+\])?)(.*)", requirement)
    assert found is not None, requirement
    return found[1].lower(), found[2]


def tracked(*patterns: str) -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in done.stdout.splitlines() if (path := ROOT / name).exists()]


def test_environment_yml_equals_pyproject() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge"]
    expected = {f"python{PROJECT['requires-python']}"} | PROGRAMS
    by_pip = ["--editable ."]
    for name, version in map(split, PROJECT["dependencies"]):
        if name in NOT_ON_CONDA:
            by_pip.append(name + version)
            continue
        first, *more = CONDA_NAMES.get(name, [name])
        expected |= {first + version, *more}
    *conda, last = environment["dependencies"]
    assert set(conda) == expected
    assert sorted(last["pip"]) == sorted(by_pip)


def test_binder_gets_what_conda_does_not_have() -> None:
    lines = (ROOT / "apt.txt").read_text(encoding="utf-8").splitlines()
    assert {line for line in lines if not line.startswith("#")} == {
        "bubblewrap",
        "mariadb-client",
        "mariadb-server",
    }


def test_constraints_pin_every_dependency_and_name_no_place() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    for line in pins:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.!+]+", line), line
    names = {_canonical(line.partition("==")[0]) for line in pins}
    assert "tsalab" not in names
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    assert {_canonical(split(requirement)[0].partition("[")[0]) for requirement in wanted} <= names


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("path", tracked("*package-lock.json"), ids=lambda path: path.parent.name)
def test_node_locks_name_no_registry(path: Path) -> None:
    lock = json.loads(path.read_text(encoding="utf-8"))
    packages = lock["packages"]
    assert len(packages) > 1
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert not name or "integrity" in package, f"{name} is not pinned by its content"


def test_readme_lists_every_setting() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [setting.variable for setting in SETTINGS if setting.variable not in readme]
    assert missing == []


def test_readme_names_every_command() -> None:
    from tsalab.cli import COMMANDS

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"tsalab {name}" not in readme] == []


def test_nothing_says_where_packages_or_this_checkout_come_from() -> None:
    here = str(ROOT) + "/"  # its parent may be /tmp, which anything may name
    # Written in pieces, for this file is looked at too.
    patterns = [
        "index" + "-url",
        "files." + "pythonhosted",
        "registry." + "npmjs",
        here,
    ]
    for path in tracked():
        if path.suffix in {".jpg", ".png", ".ico", ".svg", ".md"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for pattern in patterns:
            assert pattern not in text, f"{path} holds {pattern}"


def test_ci_runs_make_test_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line and not line.startswith("#")]
    assert code == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "exec make test"]


def test_make_lists_its_targets() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = {line.split()[0] for line in done.stdout.splitlines()}
    assert targets >= {"run", "test", "lab", "check", "bench", "test-all", "setup", "clean"}

"""What `lab.by_hand` tells is enough: its commands and edits alone, in order, and every check passes.

Nothing here knows a name of the lab: all of them come from the texts as a learner sees them.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tsalab.course import CLEANUP, LAB, Edit, guide
from tsalab.course.course import StepId
from tsalab.guidance.names import Names
from tsalab.guidance.pages import block_of
from tsalab.lab import Lab
from tsalab.steps import World

# By hand once is enough for every day (test_by_hand.py): this goes through each page as well.
pytestmark = [pytest.mark.journey, pytest.mark.slow]

PROMPT = r"[#$] $"
PATIENCE = 120.0
WATCHED = {9}  # a person looks again until it is done


class Reader:
    """A person who does what the pages say, and nothing else.

    Parameters
    ----------
    lab
        Only looked at.
    home
        A home folder without any configuration.
    """

    def __init__(self, lab: Lab, home: Path) -> None:
        self.lab = lab
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TSALAB_"))}
        self.env = own | {"HOME": str(home)}

    def do(self, step_id: StepId) -> None:
        """Do one step as its page says."""
        world = World(self.lab.place)
        names, texts = Names(world), guide(step_id)
        if texts.edit:
            edit(texts.edit, world, block_of(texts.edit, names))
        commands = [names.command(each) for each in texts.terminal]
        if commands:
            self.type_here([names.setup, *commands])
        for lines, start in ((texts.server, []), (texts.root, ["sudo su -"])):
            if lines:
                self.type_there(names, [*start, *(names.command(line) for line in lines)])
        assert names.lacking == [], step_id

    def type_here(self, commands: list[str]) -> None:
        done = subprocess.run(
            ["bash", "-ec", "\n".join(commands)],
            cwd=self.env["HOME"],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}: {done.stdout}{done.stderr}"

    def type_there(self, names: Names, commands: list[str]) -> None:
        session = pexpect.spawn(
            "bash", ["-c", names.login], env=self.env, encoding="utf-8", timeout=60, dimensions=(50, 250)
        )
        session.expect(PROMPT)
        for command in commands:
            session.sendline(command)
            if session.expect([PROMPT, "password: "]):
                session.sendline(World(self.lab.place).credentials.password)
                session.expect(PROMPT)
            said = str(session.before)
            assert "ERROR" not in said, said
            assert "not found" not in said, said
            session.sendline("echo status:$?")
            session.expect(r"status:(\d+)\s[\s\S]*" + PROMPT)
            assert session.match[1] == "0", f"{command}: {said}"
        session.close()

    def passed(self, step_id: StepId) -> bool:
        (found,) = self.lab.check([step_id])
        return found.passed


def edit(wanted: Edit, world: World, block: str) -> None:
    """What an editor does."""
    folder = world.place.workdir if wanted.file == "infra.yml" else world.clone.folder
    path = folder / wanted.file
    lines = path.read_text(encoding="utf-8").split("\n")
    put = block.split("\n") if block else []
    if wanted.action == "delete":
        at = next(i for i in range(len(lines)) if lines[i : i + len(put)] == put)
        del lines[at : at + len(put)]
    elif wanted.place:
        start = line_of(lines, wanted.within) if wanted.within else 0
        at = line_of(lines, wanted.line, start) + (wanted.place == "below")
        on_empty = wanted.place == "below" and wanted.action == "paste" and not lines[at].strip()
        lines[at : at + on_empty] = put or [""]
    path.write_text("\n".join(lines), encoding="utf-8")


def line_of(lines: list[str], beginning: str, start: int = 0) -> int:
    return next(i for i in range(start, len(lines)) if lines[i].strip().startswith(beginning))


@pytest.fixture
def reader(fresh_sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.setenv("TSALAB_HOME", str(fresh_sandbox.home))
    lab = Lab.inspect(fresh_sandbox.name, workdir=str(tmp_path / "my work"))
    yield Reader(lab, tmp_path)
    lab.close()


@pytest.mark.timeout(600)
def test_the_pages_alone_lead_through_the_lab_and_the_clean_up(reader: Reader) -> None:
    for step in (*LAB.steps, *CLEANUP.steps):
        deadline = time.monotonic() + PATIENCE
        reader.do(step.id)
        while not reader.passed(step.id) and step.id in WATCHED and time.monotonic() < deadline:
            reader.do(step.id)
        (found,) = reader.lab.check([step.id])
        assert found.passed, f"step {step.id}: {found}"
        if step.id == LAB.steps[-1].id:
            late = {each.number: each.saw for each in reader.lab.check() if not each.passed}
            assert late == {}

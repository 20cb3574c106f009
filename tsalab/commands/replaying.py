"""Replays of learners' work, each in a process and on a sandbox of its own, with a time-out."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tsalab.messages import say
from tsalab.witness.replay import Seen

SECONDS = 600.0


@dataclass(frozen=True)
class Sandboxed:
    """Replays archives.

    Parameters
    ----------
    seconds
        How long one may take.
    """

    seconds: float = SECONDS

    def __call__(self, data: bytes) -> Sequence[Seen]:
        """What became of each step, as far as it came."""
        from tsalab.sandbox import manager

        name = f"replay-{secrets.token_hex(4)}"
        with tempfile.TemporaryDirectory(prefix="tsalab-replay-") as folder:
            archive, workdir = Path(folder, "work.zip"), Path(folder, "work")
            archive.write_bytes(data)
            workdir.mkdir()
            try:
                return self._run([str(archive), name, str(workdir)])
            finally:
                if name in manager.names():
                    manager.down(name, delete=True)

    def _run(self, arguments: Sequence[str]) -> list[Seen]:
        command = [sys.executable, "-m", "tsalab.commands.replayer", *arguments]
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=self.seconds)
                why = ""
            except subprocess.TimeoutExpired:
                why = say("witness.replay.timed_out", seconds=self.seconds)
                os.killpg(process.pid, signal.SIGKILL)
                said, _ = process.communicate()
            except BaseException:  # Ctrl-C included: it is not in our process group
                os.killpg(process.pid, signal.SIGKILL)
                raise
        seen = list(_read(said))
        if process.returncode and (not seen or seen[-1].passed):
            why = why or say("witness.replay.broken", cause=process.returncode)
            seen.append(Seen(seen[-1].step if seen else 1, False, why))
        return seen


def _read(said: str) -> Iterator[Seen]:
    last = 1
    for line in said.splitlines():
        row = json.loads(line)
        if "error" in row:
            yield Seen(last, False, say("witness.replay.broken", cause=row["error"]))
            return
        last = row["step"]
        yield Seen(**row)

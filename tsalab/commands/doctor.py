"""``tsalab doctor``: what the lab needs of this machine, and one fix for each thing that is amiss."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from tsalab import settings

PYTHON = (3, 11)
NODE = (20, 22)
FREE_BYTES = 1_000_000_000  # a sandbox takes about 300 MB, the caches as much
SECONDS = 20.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    name
        What.
    ok
        Whether the lab can run with it as it is.
    saw
        What is there.
    fix
        What mends it; empty when nothing needs mending.
    """

    name: str
    ok: bool
    saw: str
    fix: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of a table.")
@click.option(
    "--profile", default=lambda: settings.get("profile"), help="AWS profile, or the name of a sandbox."
)
@click.pass_context
def doctor(ctx: click.Context, as_json: bool, profile: str) -> None:
    """See whether this machine has what the lab needs.

    Starts nothing. Exits 0 when nothing is amiss, else 1.
    """
    findings = list(look(profile))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            mark = click.style("ok    ", fg="green") if finding.ok else click.style("amiss ", fg="red")
            click.echo(f"{mark} {finding.name:<10} {finding.saw}")
            if finding.fix:
                click.echo(f"       {'':<10} fix: {finding.fix}")
    ctx.exit(0 if all(finding.ok for finding in findings) else 1)


def look(profile: str) -> Iterator[Finding]:
    """Look at everything, one finding at a time."""
    from tsalab.sandbox import requirements

    yield python()
    for programs, what, install in requirements.tools():
        yield tool(programs, what, install)
    yield ports()
    yield from (folder(name) for name in ("home", "cache"))
    yield space()
    yield known_profile(profile)


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Whether Python is new enough."""
    saw = ".".join(map(str, version))
    wanted = ".".join(map(str, PYTHON))
    return Finding(
        "python", version >= PYTHON, saw, "" if version >= PYTHON else f"install Python {wanted} or newer"
    )


def tool(programs: tuple[str, ...], what: str, install: str) -> Finding:
    """Whether a program is there, answers, and has a version that the lab can use."""
    from tsalab.sandbox import requirements

    name = programs[0]
    path = requirements.find(*programs)
    if path is None:
        return Finding(name, False, f"{what} is missing", install)
    try:
        option = "-V" if name == "ssh" else "--version"
        done = subprocess.run([path, option], capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(name, False, f"{path} does not answer: {error}", f"install it again: {install}")
    version = (done.stdout or done.stderr).strip().partition("\n")[0]
    major = version.removeprefix("v").partition(".")[0]
    if name == "node" and major.isdigit() and int(major) < NODE[0]:
        return Finding(name, False, f"{version}, too old", install)
    if name == "mariadbd" and "MariaDB" not in version:
        return Finding(name, False, f"{version}, which is not MariaDB", install)
    return Finding(name, True, version)


def ports(bind: Callable[[], None] | None = None) -> Finding:
    """Whether this process may listen on 127.0.0.1."""
    try:
        (bind or _bind)()
    except OSError as error:
        return Finding(
            "ports", False, f"nothing can listen on 127.0.0.1: {error}", "allow loopback connections"
        )
    return Finding("ports", True, "free ports on 127.0.0.1")


def _bind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=SECONDS).close()


def folder(name: str) -> Finding:
    """Whether the folder of a setting can be written."""
    path = Path(settings.get(name)).expanduser().absolute()
    existing = _existing(path)
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        fix = f"make it writable, or set TSALAB_{name.upper()} to a folder of yours"
        return Finding(name, False, f"{path}: {error.strerror or error}", fix)
    return Finding(name, True, str(path))


def space(free: Callable[[Path], int] | None = None) -> Finding:
    """Whether the disk has room for a sandbox and its caches."""
    path = _existing(settings.home())
    left = (free or (lambda place: shutil.disk_usage(place).free))(path)
    saw = f"{left / 1e9:.1f} GB free at {path}"
    if left < FREE_BYTES:
        return Finding(
            "disk", False, saw, f"free {FREE_BYTES / 1e9:.0f} GB, or set TSALAB_HOME to another disk"
        )
    return Finding("disk", True, saw)


def known_profile(name: str) -> Finding:
    """Whether the profile is one of AWS's configuration, or a sandbox's name."""
    from tsalab import profiles

    have = profiles.known()
    if name in have:
        return Finding("profile", True, name)
    if name == settings.get("profile"):
        return Finding("profile", True, f"{name}, a sandbox that is made on first use")
    fix = f"choose one of {', '.join(have) or 'none'}, or make it: tsalab sandbox up --name {name}"
    return Finding("profile", False, f"nothing is named {name}", fix)


def _existing(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return path

"""``tsalab doctor``: what the lab and its sandbox need, and one fix for each thing that is amiss."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from tsalab import preflight, settings
from tsalab.errors import TsalabError
from tsalab.messages import say
from tsalab.preflight import Finding
from tsalab.preflight.machine import answers, existing, free_bytes, unwritable

NODE = (20, 22)
FREE_BYTES = 1_000_000_000  # a sandbox takes about 300 MB, the caches as much
SECONDS = 20.0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of a table.")
@click.option(
    "--profile", default=lambda: settings.get("profile"), help="AWS profile, or the name of a sandbox."
)
@click.pass_context
def doctor(ctx: click.Context, as_json: bool, profile: str) -> None:
    """See whether this machine, and the account of a profile, have what the lab needs.

    Starts nothing. Exits 0 when nothing is amiss, else 1.
    """
    findings = []
    for finding in look(profile):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    ctx.exit(0 if all(finding.ok for finding in findings) else 1)


def _print(finding: Finding) -> None:
    mark = (
        click.style(f"{say('commands.doctor.ok'):<6}", fg="green")
        if finding.ok
        else click.style(f"{say('commands.doctor.amiss'):<6}", fg="red")
    )
    click.echo(f"{mark} {finding.name:<10} {finding.saw}")
    if finding.fix:
        click.echo(f"       {'':<10} {say('commands.doctor.fix', fix=finding.fix)}")


def look(profile: str) -> Iterator[Finding]:
    """Look at everything, one finding at a time."""
    from tsalab.sandbox import requirements

    here = preflight.of_machine(Path("work") / profile)
    yield from (check() for check in here.values())
    for programs, what, install in requirements.tools():
        if programs[0] not in here:
            yield tool(programs, what, install)
    yield ports()
    yield from (folder(name) for name in ("home", "cache"))
    yield space()
    known = known_profile(profile)
    yield known
    if known.ok:
        yield from account(profile)


def account(name: str) -> Iterator[Finding]:
    """What the lab finds in the account; nothing is started for it."""
    from tsalab import profiles
    from tsalab.lab import Lab

    if name not in profiles.known():
        return  # a sandbox that nobody has made yet
    if not profiles.runs(name):
        yield Finding("identity", True, say("commands.doctor.sandbox_down", name=name))
        return
    try:
        lab = Lab.inspect(name)
    except TsalabError as error:
        yield Finding("identity", False, f"{error.what} {error.why}", error.next_step)
        return
    try:
        with Console(stderr=True).status("") as status:  # which shows itself on a terminal alone
            found = preflight.of_account(lab.place, lambda label, word: status.update(f"{label}: {word}"))
    finally:
        lab.close()
    yield from found


def tool(programs: tuple[str, ...], what: str, install: str) -> Finding:
    """Whether a program is there, answers, and has a version that the sandbox can use."""
    from tsalab.sandbox import requirements

    name = programs[0]
    found = answers(name, requirements.find(*programs), what, install)
    major = found.saw.removeprefix("v").partition(".")[0]
    if found.ok and name == "node" and major.isdigit() and int(major) < NODE[0]:
        return Finding(name, False, say("commands.doctor.too_old", version=found.saw), install)
    if found.ok and name == "mariadbd" and "MariaDB" not in found.saw:
        return Finding(name, False, say("commands.doctor.no_mariadb", version=found.saw), install)
    return found


def ports(bind: Callable[[], None] | None = None) -> Finding:
    """Whether this process may listen on 127.0.0.1."""
    try:
        (bind or _bind)()
    except OSError as error:
        return Finding(
            "ports",
            False,
            say("commands.doctor.no_port.saw", error=error),
            say("commands.doctor.no_port.fix"),
        )
    return Finding("ports", True, say("commands.doctor.ports"))


def _bind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=SECONDS).close()


def folder(name: str) -> Finding:
    """Whether the folder of a setting can be written."""
    path = Path(settings.get(name)).expanduser().absolute()
    if error := unwritable(existing(path)):
        fix = say("commands.doctor.folder.fix", setting=name.upper())
        return Finding(name, False, f"{path}: {error}", fix)
    return Finding(name, True, str(path))


def space(free: Callable[[Path], int] | None = None) -> Finding:
    """Whether the disk has room for a sandbox and its caches."""
    path = existing(settings.home())
    left = (free or free_bytes)(path)
    saw = say("commands.doctor.space.saw", size=left / 1e9, path=path)
    if left < FREE_BYTES:
        return Finding("disk", False, saw, say("commands.doctor.space.fix", size=FREE_BYTES / 1e9))
    return Finding("disk", True, saw)


def known_profile(name: str) -> Finding:
    """Whether the profile is one of AWS's configuration, or a sandbox's name."""
    from tsalab import profiles

    have = profiles.known()
    if name in have:
        return Finding("profile", True, name)
    if name == settings.get("profile"):
        return Finding("profile", True, say("commands.doctor.made_on_first_use", name=name))
    fix = say(
        "commands.doctor.nobody.fix", known=", ".join(have) or say("commands.doctor.nobody.none"), name=name
    )
    return Finding("profile", False, say("commands.doctor.nobody.saw", name=name), fix)

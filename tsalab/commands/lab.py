"""``tsalab lab``: the notebooks in JupyterLab, on this machine's own address only."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click

from tsalab import resources, settings
from tsalab.messages import say
from tsalab.profiles import Profile

# Settings that a lab starts with; a learner's own still win over them. No news and no
# update check: nothing asks the internet, and nothing pops up over the first cell.
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": False,
    },
}


# The profile that the notebooks name until somebody changes it.
NOTEBOOKS_OWN = "sandbox"


def settings_folder() -> Path:
    """Write our defaults for JupyterLab and return their folder."""
    folder = settings.cache() / "jupyterlab-settings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "overrides.json").write_text(json.dumps(OVERRIDES), encoding="utf-8")
    return folder


# What a terminal of JupyterLab begins with, after the learner's own settings: they would win
# over variables that it only inherits.
TERMINAL = """[ -f ~/.bashrc ] && . ~/.bashrc
export {exports}
export PATH={programs}:"$PATH"
cd "$JUPYTER_SERVER_ROOT"
"""


def terminal_settings(profile: Profile) -> Path:
    """Write what makes a terminal ready for the lab, and return the file.

    In it ``aws`` uses the profile, ``tsalab`` and what else is installed beside this Python
    is found, and the notebooks are the current folder.
    """
    exports = {**profile.environment(), "TSALAB_PROFILE": profile.name}
    text = TERMINAL.format(
        exports=" ".join(f"{name}={shlex.quote(value)}" for name, value in exports.items()),
        programs=shlex.quote(str(Path(sys.executable).parent)),
    )
    path = settings_folder() / f"terminal-{profile.name}.bashrc"
    path.write_text(text, encoding="utf-8")
    return path


def server_command(
    *, browser: bool, port: int | None, folder: Path | None = None, profile: Profile | None = None
) -> list[str]:
    """Arguments that start JupyterLab, bound to 127.0.0.1.

    Parameters
    ----------
    browser
        Whether it opens a browser.
    port
        Its port; the first free one from 8888 when None.
    folder
        What it shows; the notebooks when None.
    profile
        For which its terminals are made ready.
    """
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={folder or resources.notebooks()}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.allow_remote_access=False",
        f"--LabApp.app_settings_dir={settings_folder()}",
        "--LabApp.default_url=/lab/tree/lab4.ipynb",
    ]
    if os.geteuid() == 0:
        command.append("--allow-root")  # a container's only user; JupyterLab refuses it otherwise
    if not browser:
        command.append("--no-browser")
    if profile is not None and (bash := shutil.which("bash")):
        shell = {"shell_command": [bash, "--rcfile", str(terminal_settings(profile))]}
        command.append(f"--ServerApp.terminado_settings={shell!r}")
    return [*command, f"--ServerApp.port={port}"] if port else command


@click.command()
@click.option(
    "--profile", default=lambda: settings.get("profile"), help="AWS profile, or the name of a sandbox."
)
@click.option("--browser/--no-browser", default=True, help="Open a browser.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to use; else the first free one from 8888.")
@click.pass_context
def lab(ctx: click.Context, profile: str, browser: bool, port: int | None) -> None:
    """Open the lab in JupyterLab.

    The sandbox is started first, and keeps running when JupyterLab ends: `tsalab sandbox
    down` ends it.
    """
    from tsalab.profiles import locate

    found = locate(profile, on_line=lambda line: click.echo(line, err=True))
    if profile != NOTEBOOKS_OWN:
        click.echo(say("commands.set_profile", profile=profile), err=True)
    command = server_command(browser=browser, port=port, profile=found)
    environment = os.environ | {"TSALAB_PROFILE": profile}
    ctx.exit(subprocess.run(command, env=environment, check=False).returncode)

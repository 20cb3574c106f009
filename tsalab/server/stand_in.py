"""A changed copy of the application in its place, and the application in its place again.

The application's own folder is only read. Both run under root's ``forever``, on the same port,
so whoever visits the site meets the copy; a copy that was left running is replaced like any app.
"""

from __future__ import annotations

import io
import shlex
import tarfile
from collections.abc import Mapping

from tsalab.server import app
from tsalab.server.connection import Server

FOLDER = "$HOME/tsa_gallery-stand-in"
_LEFT_OUT = (".git", "node_modules", "uploads")


def put(server: Server, files: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Stop what runs, and start a copy of the application with other files in it.

    Parameters
    ----------
    server
        The web server.
    files
        Texts by path, of what differs.
    environment
        More of it, for the copy; nothing that is secret.

    Raises
    ------
    ServerError
        When a command fails.
    """
    left_out = " ".join(f"--exclude=./{name}" for name in _LEFT_OUT)
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    line = (
        f'rm -rf "{FOLDER}" && mkdir -p "{FOLDER}" && tar -C "{app.FOLDER}" -c {left_out} -f - . '
        f'| tar -C "{FOLDER}" -xf - && tar -C "{FOLDER}" -xf - && '
        f'ln -s "{app.FOLDER}/node_modules" "{FOLDER}/node_modules" && '
        f'forever stopall && cd "{FOLDER}" && {variables} forever start {app.START_SCRIPT}'
    )
    server.run(line, root=True, input=_archive(files))


def take_away(server: Server) -> None:
    """Stop what runs, start the application in its own folder, and leave nothing of the copy.

    Raises
    ------
    ServerError
        When a command fails.
    """
    app.restart(server)
    server.run(f'rm -rf "{FOLDER}"', root=True)


def _archive(files: Mapping[str, str]) -> bytes:
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        for path, text in files.items():
            content = text.encode()
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(content), 0o644
            archive.addfile(info, io.BytesIO(content))
    return kept.getvalue()

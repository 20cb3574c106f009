"""What the web server's Node.js says of a piece of code."""

from __future__ import annotations

from tsalab.server.connection import Server


def syntax_error(server: Server, source: str) -> str | None:
    """The first syntax error of a script, with its line, or None.

    Parameters
    ----------
    server
        Any machine with Node.js; nothing is run or written there.
    source
        The script's text.

    Raises
    ------
    ServerError
        When there is no ``node`` on the server, or it cannot be reached.
    """
    server.run("command -v node")
    result = server.run("node --check -", input=source.encode(), check=False)
    if result.status == 0:
        return None
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    place = lines[0].rpartition(":")[2] if lines else "?"
    message = next((line for line in lines if "Error:" in line), lines[-1] if lines else "unknown error")
    return f"line {place}: {message}"

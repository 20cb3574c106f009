"""Ask the supervisor to do something for a machine: ``ask.py SOCKET TOOL USER [ARGUMENT …]``.

Runs with ``python -I -S``: only the standard library, and little of it.
"""

import json
import socket
import sys
from os import getcwd


def main() -> int:
    """Send the request, print the answer, end with its status."""
    path, tool, user, *arguments = sys.argv[1:]
    request = {"tool": tool, "user": user, "args": arguments, "cwd": getcwd()}  # noqa: PTH109 - pathlib is slow to import
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
        except OSError as error:
            sys.stderr.write(f"{tool}: the sandbox's supervisor does not answer: {error}\n")
            return 1
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as stream:
            answer = json.loads(stream.readline() or b'{"status": 1, "stderr": "the supervisor ended\\n"}')
    sys.stdout.write(answer.get("stdout", ""))
    sys.stderr.write(answer.get("stderr", ""))
    return int(answer["status"])


sys.exit(main())

"""The web server over SSH: commands, their output as it comes, and port forwarding.

Here lives what the lab does *on* the web server, as a person would with `ssh`: nothing
in it knows whether the server is an EC2 instance or a machine of the sandbox. AWS calls
do not belong here (`tsalab.cloud`), nor does SQL (`tsalab.migrate`).

`Server` is the connection; `mariadb` and `app` are functions over it.
"""

from __future__ import annotations

from tsalab.server.commanded import Commanded
from tsalab.server.connection import USER, Server
from tsalab.server.execution import Result
from tsalab.server.hostkeys import Origin, Trust, Witness

__all__ = ["USER", "Commanded", "Origin", "Result", "Server", "Trust", "Witness"]

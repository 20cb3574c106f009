"""The web server."""

from __future__ import annotations

from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error, say


class ServerError(TsalabError):
    """The web server cannot be reached, or a command on it failed."""

    @classmethod
    def unknown_name(cls, host: str) -> Self:
        """A name that no DNS server or ssh configuration knows."""
        return cls(**error("server.unknown_name", host=host))

    @classmethod
    def not_listening(cls, host: str) -> NoAnswerError:
        """The machine is there, but nothing accepts SSH."""
        return NoAnswerError(**error("server.not_listening", host=host))

    @classmethod
    def no_answer(cls, host: str, seconds: float) -> NoAnswerError:
        """Packets vanish: security group, or the instance is stopped."""
        return NoAnswerError(**error("server.no_answer", host=host, seconds=seconds))

    @classmethod
    def unreachable(cls, host: str, reason: str) -> Self:
        """Any other way for a connection to fail."""
        return cls(**error("server.unreachable", host=host, reason=reason))

    @classmethod
    def refused_key(cls, host: str, user: str) -> NoKeyError:
        """The server does not accept the key."""
        return NoKeyError(**error("server.refused_key", host=host, user=user))

    @classmethod
    def no_key_file(cls, path: str) -> NoKeyError:
        """The key file is not there."""
        return NoKeyError(**error("server.no_key_file", path=path))

    @classmethod
    def bad_key_file(cls, path: str, reason: str) -> NoKeyError:
        """The key file is there and of no use."""
        return NoKeyError(**error("server.bad_key_file", path=path, reason=reason))

    @classmethod
    def no_ssh_config(cls, path: str) -> Self:
        """The ssh configuration file is not there or malformed."""
        return cls(**error("server.no_ssh_config", path=path))

    @classmethod
    def unknown_host_key(cls, host: str, fingerprint: str) -> Self:
        """A host key that nobody has confirmed."""
        return cls(**error("server.unknown_host_key", host=host, fingerprint=fingerprint))

    @classmethod
    def changed_host_key(cls, host: str, fingerprint: str) -> Self:
        """Another host key than the one on record."""
        return cls(**error("server.changed_host_key", host=host, fingerprint=fingerprint))

    @classmethod
    def other_host_key(cls, host: str, machine: str, shown: str, told: str) -> Self:
        """Another host key than the machine itself printed on its console."""
        return cls(**error("server.other_host_key", host=host, machine=machine, shown=shown, told=told))

    @classmethod
    def changed_remembered_key(cls, host: str, shown: str, told: str, file: str) -> Self:
        """Another host key than the one that was accepted when it was first seen."""
        return cls(**error("server.changed_remembered_key", host=host, shown=shown, told=told, file=file))

    @classmethod
    def needs_ssh(cls, host: str, what: str, closed: str, next_step: str) -> Self:
        """Something that Run Command cannot do, where SSH does not get through."""
        return cls(**error("server.needs_ssh", host=host, what=what, closed=closed, next=next_step))

    @classmethod
    def no_binlog(cls, host: str, settings: str) -> Self:
        """The database was told to write a binary log, and has none that can be followed."""
        return cls(**error("server.no_binlog", host=host, settings=settings))

    @classmethod
    def secret_in_command(cls, host: str) -> Self:
        """A command whose text holds a secret, and would be kept; never give the command."""
        return cls(**error("server.secret_in_command", host=host))

    @classmethod
    def output_cut(cls, host: str, command: str) -> Self:
        """A command printed more than Run Command keeps."""
        return cls(**error("server.output_cut", host=host, command=command))

    @classmethod
    def gone(cls, host: str, command: str) -> Self:
        """The connection ended while a command ran."""
        return cls(**error("server.gone", host=host, command=command))

    @classmethod
    def closed(cls, host: str) -> Self:
        """A connection that was closed by us is used."""
        return cls(**error("server.closed", host=host))

    @classmethod
    def timed_out(cls, host: str, command: str, seconds: float, tail: str) -> Self:
        """A command that did not end in time (and was ended)."""
        return cls(
            **error(
                "server.timed_out",
                host=host,
                command=command,
                seconds=seconds,
                said=say("server.last_words", tail=tail) if tail else say("server.printed_nothing"),
            )
        )

    @classmethod
    def command_failed(cls, host: str, command: str, ending: str, tail: str) -> Self:
        """A command that ended with an error."""
        return cls(
            **error(
                "server.command_failed",
                host=host,
                command=command,
                ending=ending,
                said=tail or say("server.printed_nothing"),
            )
        )

    @classmethod
    def command_not_found(cls, host: str, command: str, tail: str) -> Self:
        """A program that the server does not have."""
        return cls(**error("server.command_not_found", host=host, command=command, tail=tail))

    @classmethod
    def disk_full(cls, host: str, command: str, tail: str) -> Self:
        """The server's disk is full."""
        return cls(**error("server.disk_full", host=host, command=command, tail=tail))

    @classmethod
    def prompt_again(cls, host: str, command: str, tail: str) -> Self:
        """The same question comes again: the answer was wrong."""
        return cls(**error("server.prompt_again", host=host, command=command, tail=tail))

    @classmethod
    def no_way_from(cls, host: str, target: str, reason: str) -> Self:
        """The server cannot open a connection to a place that only it can see."""
        return cls(**error("server.no_way_from", host=host, target=target, reason=reason))

    @classmethod
    def database_unreachable(cls, host: str, endpoint: str, tail: str) -> Self:
        """`mysql` on the server cannot connect to the database."""
        return cls(**error("server.database_unreachable", endpoint=endpoint, host=host, tail=tail))

    @classmethod
    def database_refused(cls, endpoint: str, user: str, tail: str) -> Self:
        """The database refuses the login."""
        return cls(**error("server.database_refused", endpoint=endpoint, user=user, tail=tail))

    @classmethod
    def database_unknown(cls, endpoint: str, database: str, tail: str) -> Self:
        """The server has no such database."""
        return cls(**error("server.database_unknown", endpoint=endpoint, database=database, tail=tail))

    @classmethod
    def no_app(cls, host: str, folder: str, tail: str) -> Self:
        """The application's folder is missing or no git clone."""
        return cls(**error("server.no_app", folder=folder, host=host, tail=tail))

    @classmethod
    def unreadable_list(cls, host: str, program: str, line: str) -> Self:
        """Output that we cannot read; guessing would be worse."""
        return cls(**error("server.unreadable_list", program=program, host=host, line=line))

    @classmethod
    def no_dump(cls, host: str, places: str) -> Self:
        """No dump.sql in any place."""
        return cls(**error("server.no_dump", host=host, places=places))


class NoKeyError(ServerError):
    """No key at hand opens the server: another one may."""


class NoAnswerError(ServerError):
    """Nobody answers on port 22: the server may be reached another way."""

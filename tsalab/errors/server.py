"""The web server."""

from __future__ import annotations

from typing import Self

from tsalab.errors.base import TsalabError


class ServerError(TsalabError):
    """The web server cannot be reached, or a command on it failed."""

    @classmethod
    def unknown_name(cls, host: str) -> Self:
        """A name that no DNS server or ssh configuration knows."""
        return cls(
            f"The web server's name {host} is not known.",
            "Neither the ssh configuration nor the name service has it; an instance that was stopped "
            "or replaced has another name.",
            "Look up the instance's current public DNS name and use that.",
        )

    @classmethod
    def not_listening(cls, host: str) -> Self:
        """The machine is there, but nothing accepts SSH."""
        return cls(
            f"The web server {host} refused the SSH connection.",
            "The machine is there, but its SSH service does not run (yet).",
            "Check that the instance is running, wait until its status checks pass, and run this again.",
        )

    @classmethod
    def no_answer(cls, host: str, seconds: float) -> Self:
        """Packets vanish: security group, or the instance is stopped."""
        return cls(
            f"The web server {host} did not answer within {seconds:g} s.",
            "Its security group does not let your address in on port 22, or the instance is stopped.",
            "Compare the stack's parameter SSHLocation with your address, and start the instance if needed.",
        )

    @classmethod
    def unreachable(cls, host: str, reason: str) -> Self:
        """Any other way for a connection to fail."""
        return cls(
            f"The web server {host} cannot be reached.",
            reason,
            "Check that the instance is running and your network reaches it, then run this again.",
        )

    @classmethod
    def refused_key(cls, host: str, user: str) -> Self:
        """The server does not accept the key."""
        return cls(
            f"The web server {host} refused the key for user {user}.",
            "It is not the key pair that the instance was started with, or the user is another one.",
            "Use the .pem file of the key pair named in the stack's parameter KeyName.",
        )

    @classmethod
    def no_key_file(cls, path: str) -> Self:
        """The key file is not there."""
        return cls(
            f"The key file {path} does not exist.",
            "The ssh configuration or the parameter names it, but nothing is there.",
            "Put the .pem file from lab 1 there, or name the place where it is.",
        )

    @classmethod
    def bad_key_file(cls, path: str, reason: str) -> Self:
        """The key file is there and of no use."""
        return cls(
            f"The key file {path} cannot be used.",
            reason,
            "Make it readable for you alone (chmod 400) and check that it is the whole .pem file.",
        )

    @classmethod
    def no_ssh_config(cls, path: str) -> Self:
        """The ssh configuration file is not there or malformed."""
        return cls(
            f"The ssh configuration {path} cannot be read.",
            "It does not exist, or a line of it is not in OpenSSH's format.",
            "Mend the file; a sandbox writes its own again with `tsalab sandbox up`.",
        )

    @classmethod
    def unknown_host_key(cls, host: str, fingerprint: str) -> Self:
        """A host key that nobody has confirmed."""
        return cls(
            f"The web server {host} is not among the known hosts.",
            f"Its host key {fingerprint} has never been confirmed, so it could be anybody's.",
            f"Compare the key with the instance's system log and connect once with `ssh {host}`.",
        )

    @classmethod
    def changed_host_key(cls, host: str, fingerprint: str) -> Self:
        """Another host key than the one on record."""
        return cls(
            f"The web server {host} shows another host key than before.",
            f"Its key is now {fingerprint}: the instance was replaced, or somebody stands in between.",
            f"If you replaced the instance, forget the old key with `ssh-keygen -R {host}`.",
        )

    @classmethod
    def gone(cls, host: str, command: str) -> Self:
        """The connection ended while a command ran."""
        return cls(
            f"The web server {host} went away while it ran: {command}",
            "The connection broke: the instance stopped or restarted, or the network failed.",
            "Wait until the instance runs again, then run this step again; it continues where it can.",
        )

    @classmethod
    def closed(cls, host: str) -> Self:
        """A connection that was closed by us is used."""
        return cls(
            f"The connection to the web server {host} is closed.",
            "It was closed, or broke, since it was opened.",
            "Run the cell again: it connects anew.",
        )

    @classmethod
    def timed_out(cls, host: str, command: str, seconds: float, tail: str) -> Self:
        """A command that did not end in time (and was ended)."""
        return cls(
            f"A command on {host} did not end within {seconds:g} s and was stopped: {command}",
            f"Its last words: {tail}" if tail else "It printed nothing.",
            "Run it again; if it stops at a question, answer it by hand over ssh once.",
        )

    @classmethod
    def command_failed(cls, host: str, command: str, ending: str, tail: str) -> Self:
        """A command that ended with an error."""
        return cls(
            f"A command on {host} failed ({ending}): {command}",
            tail or "It printed nothing.",
            "Mend the cause named above, then run this again.",
        )

    @classmethod
    def command_not_found(cls, host: str, command: str, tail: str) -> Self:
        """A program that the server does not have."""
        return cls(
            f"The web server {host} lacks a program that this command needs: {command}",
            tail,
            "Read /var/log/cloud-init-output.log there: the instance's set-up installs the programs.",
        )

    @classmethod
    def disk_full(cls, host: str, command: str, tail: str) -> Self:
        """The server's disk is full."""
        return cls(
            f"The disk of {host} is full; this did not finish: {command}",
            tail,
            "Look with `df -h`, delete what is not needed (old dumps, logs), and run this again: what "
            "was written so far is incomplete.",
        )

    @classmethod
    def prompt_again(cls, host: str, command: str, tail: str) -> Self:
        """The same question comes again: the answer was wrong."""
        return cls(
            f"A command on {host} asked the same question again: {command}",
            f"The answer was not accepted. {tail}",
            "Check the user name and password that this step uses, then run it again.",
        )

    @classmethod
    def no_way_from(cls, host: str, target: str, reason: str) -> Self:
        """The server cannot open a connection to a place that only it can see."""
        return cls(
            f"The web server {host} cannot reach {target}.",
            f"It says: {reason}",
            "Check that the target runs, and that its security group lets the web server in on that port.",
        )

    @classmethod
    def database_unreachable(cls, host: str, endpoint: str, tail: str) -> Self:
        """`mysql` on the server cannot connect to the database."""
        return cls(
            f"The database {endpoint} cannot be reached from the web server {host}.",
            tail,
            "Check the endpoint and that the cluster is available; PrivateSecurityGroup must let the "
            "web server in on port 3306.",
        )

    @classmethod
    def database_refused(cls, endpoint: str, user: str, tail: str) -> Self:
        """The database refuses the login."""
        return cls(
            f"The database {endpoint} refused user {user}.",
            tail,
            "Use the username and password that the cluster's secret holds now.",
        )

    @classmethod
    def database_unknown(cls, endpoint: str, database: str, tail: str) -> Self:
        """The server has no such database."""
        return cls(
            f"The server {endpoint} has no database {database}.",
            tail,
            "Use the cluster's DatabaseName (the secret's dbname).",
        )

    @classmethod
    def no_app(cls, host: str, folder: str, tail: str) -> Self:
        """The application's folder is missing or no git clone."""
        return cls(
            f"There is no application in {folder} on {host}.",
            tail,
            "Read /var/log/cloud-init-output.log there: the instance's set-up clones the application.",
        )

    @classmethod
    def unreadable_list(cls, host: str, program: str, line: str) -> Self:
        """Output that we cannot read; guessing would be worse."""
        return cls(
            f"The output of `{program}` on {host} has an unknown form.",
            f"This line could not be read: {line}",
            "Look at it by hand over ssh, and report the line.",
        )

    @classmethod
    def no_dump(cls, host: str, places: str) -> Self:
        """No dump.sql in any place."""
        return cls(
            f"There is no dump.sql on {host}.",
            f"Looked in {places}.",
            "Do step 13 (export the database to a file), then run this again.",
        )

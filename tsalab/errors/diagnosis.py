"""Causes: what stands behind a symptom, found by reading further once something did not work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class DiagnosisError(TsalabError):
    """The cause of a failure, and the action that mends it.

    Attributes
    ----------
    lasting
        Whether waiting cannot change it.
    """

    lasting: ClassVar[bool] = True

    @classmethod
    def ssh_closed(cls, host: str, group: str, name: str) -> PortClosedError:
        """The web server's security group lets nobody in over SSH."""
        return PortClosedError(**error("diagnosis.ssh_closed", host=host, group=group, name=name))

    @classmethod
    def ssh_elsewhere(cls, host: str, group: str, name: str, ranges: Iterable[str]) -> PortClosedError:
        """The web server's security group lets some addresses in, this one apparently not."""
        return PortClosedError(
            **error("diagnosis.ssh_elsewhere", host=host, group=group, name=name, ranges=", ".join(ranges))
        )

    @classmethod
    def server_not_running(cls, host: str, instance: str, state: str) -> Self:
        """The instance is stopped, or on its way there."""
        return cls(**error("diagnosis.server_not_running", host=host, instance=instance, state=state))

    @classmethod
    def aurora_closed(cls, group: str, name: str, source: str, source_name: str, port: int) -> Self:
        """The cluster's security group does not let the web server in."""
        values = {"group": group, "name": name, "source": source, "source_name": source_name, "port": port}
        return cls(**error("diagnosis.aurora_closed", **values))

    @classmethod
    def password_differs(cls, cluster: str, secret: str, user: str) -> Self:
        """The cluster does not take the password that its secret holds."""
        return cls(**error("diagnosis.password_differs", cluster=cluster, secret=secret, user=user))

    @classmethod
    def aurora_not_trusted(cls, host: str, reason: str, ca: str) -> Self:
        """Whoever answers at the cluster's endpoint does not prove to be the cluster."""
        return cls(**error("diagnosis.aurora_not_trusted", host=host, reason=reason, ca=ca))

    @classmethod
    def secret_unknown(cls, line: str, config: str, secret: str) -> Self:
        """The app asks for a secret that does not exist."""
        return cls(**error("diagnosis.secret_unknown", line=line, config=config, secret=secret))

    @classmethod
    def secret_denied(cls, line: str, role: str, policy: str, has: Iterable[str]) -> Self:
        """The web server's role may not read the secret."""
        told = ", ".join(has)
        return cls(**error("diagnosis.secret_denied", line=line, role=role, policy=policy, has=told))

    @classmethod
    def app_on_stopped_database(cls, line: str) -> Self:
        """The app still connects to the old database, which is stopped."""
        return cls(**error("diagnosis.app_on_stopped_database", line=line))

    @classmethod
    def old_database_stopped(cls) -> Self:
        """The old database was stopped before its data was moved."""
        return cls(**error("diagnosis.old_database_stopped"))

    @classmethod
    def old_code(cls, here: str, head: str, seen: str) -> Self:
        """The web server has gone back to code that uses the old database."""
        return cls(**error("diagnosis.old_code", here=here, head=head, seen=seen))

    @classmethod
    def app_says(cls, line: str) -> Self:
        """The app does not run, and this is what it said last."""
        return cls(**error("diagnosis.app_says", line=line))


class PortClosedError(DiagnosisError):
    """The web server's port 22 is closed to us: what needs no more than a command may go another way."""


class AuroraAsleepError(DiagnosisError):
    """The cluster is paused, or still waking: waiting does change it."""

    lasting: ClassVar[bool] = False

    @classmethod
    def paused(cls, cluster: str, waited: str) -> Self:
        """A client lost patience while a paused cluster woke."""
        return cls(**error("diagnosis.aurora_paused", cluster=cluster, waited=waited))

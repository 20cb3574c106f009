"""One profile's view of AWS: its clients, its identity, its environment."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tsalab import settings
from tsalab.clock import Clock
from tsalab.cloud.refusals import refusals
from tsalab.cloud.sessions import core_session
from tsalab.errors import ProfileError
from tsalab.messages import say
from tsalab.profiles import Profile
from tsalab.resources import CURRENT

# AWS's own recommendation for people who wait: "standard" retries throttling with jitter.
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 6}, connect_timeout=10, read_timeout=60)


class Account:
    """An AWS account and region, reached with one profile.

    Parameters
    ----------
    profile
        Where the profile is written.
    region
        A region other than the profile's.

    Raises
    ------
    ProfileError
        When no region is known.
    """

    def __init__(self, profile: Profile, region: str | None = None) -> None:
        self.profile = profile
        self._making = threading.Lock()  # clients may be used by several threads, but not made by them
        self._begin(region)

    def _begin(self, region: str | None) -> None:
        """Read the profile's files, with the credentials they hold now."""
        self.core = core_session(self.profile)
        self._settings = self.core.get_scoped_config()
        self._session = boto3.Session(botocore_session=self.core, region_name=region)
        if not self._session.region_name:
            raise ProfileError.no_region(self.profile.name)
        self.region: str = self._session.region_name
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A boto3 client, made once a service."""
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._session.client(service, config=_CONFIG)
            return self._clients[service]

    @property
    def session(self) -> boto3.Session:
        """The boto3 session behind the clients."""
        return self._session

    @contextmanager
    def doing(self, action: str) -> Iterator[None]:
        """Name what is being done, for the error if AWS refuses it.

        Credentials that AWS does not accept are read anew at the next call: whoever logs in
        again meanwhile goes on where it stopped, in the same kernel.
        """
        try:
            with refusals(action, self.profile.name, self._identify):
                yield
        except ProfileError:
            with self._making:
                self._begin(self.region)
            raise

    @cached_property
    def identity(self) -> dict[str, str]:
        """``account`` (12 digits) and ``arn`` of the caller.

        Raises
        ------
        ProfileError
            When AWS does not accept the credentials.
        """
        with self.doing(say("cloud.doing.identity")):
            answer = self._identify()
        return {"account": answer["Account"], "arn": answer["Arn"]}

    def refuse_unlisted(self) -> None:
        """Refuse an account that the setting ``accounts`` does not name, where it names any.

        Raises
        ------
        ProfileError
            With the account and the list.
        """
        listed = [word.strip() for word in settings.get("accounts").split(",") if word.strip()]
        if listed and self.identity["account"] not in listed:
            raise ProfileError.not_listed(self.profile.name, self.identity["account"], listed)

    def _identify(self) -> dict[str, str]:
        answer: dict[str, str] = self.client("sts").get_caller_identity()
        return answer

    @property
    def ssh_config(self) -> Path | None:
        """The ``ssh_config`` file that the profile names with ``tsalab_ssh_config``, if any."""
        path = self._settings.get("tsalab_ssh_config")
        return Path(path).expanduser() if path else None

    @property
    def database_ca(self) -> Path | None:
        """The file of authorities that the profile names with ``tsalab_database_ca``, if any."""
        path = self._settings.get("tsalab_database_ca")
        return Path(path).expanduser() if path else None

    @property
    def clock(self) -> Clock | None:
        """The clock that the profile names with ``tsalab_clock``; AWS has none that could be sped up."""
        path = self._settings.get("tsalab_clock")
        return Clock(Path(path).expanduser()) if path else None

    @property
    def variant(self) -> str:
        """Variant of the lab that the profile names with ``tsalab_variant``; else what AWS accepts."""
        return str(self._settings.get("tsalab_variant") or CURRENT)

    @property
    def allows_faults(self) -> bool:
        """Whether the profile says ``tsalab_faults = allowed``: things may be broken on purpose here."""
        return bool(self._settings.get("tsalab_faults") == "allowed")

    def environment(self) -> dict[str, str]:
        """The process environment with which a child program uses this profile and region."""
        return {**os.environ, **self.profile.environment(), "AWS_REGION": self.region}

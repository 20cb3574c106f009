"""What every plug-in of the control plane is given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.folder import Folder
from tsalab.sandbox.ports import Ports

if TYPE_CHECKING:
    import boto3

    from tsalab.sandbox.machines.estate import Estate


@dataclass
class Context:
    """The sandbox as a plug-in sees it.

    Attributes
    ----------
    folder, ports, estate
        Where things lie, which ports they have, and what runs.
    endpoint_url
        Address of the control plane on loopback.
    region, account_id
        Where and whose everything is.
    root_key
        Access key id and secret of the account, for plug-ins alone; never in facts or logs.
    """

    folder: Folder
    ports: Ports
    estate: Estate
    endpoint_url: str
    region: str
    account_id: str
    root_key: tuple[str, str] = field(repr=False)
    on_change: Callable[[], None] | None = field(default=None, repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _session: Any = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def boto3_session(self) -> boto3.Session:
        """Session of the account's root over loopback; make clients with `client`."""
        with self._lock:
            if self._session is None:
                import boto3
                import botocore.session

                from tsalab.cloud.sessions import share_models

                # A botocore session of its own: neither the user's profile nor its
                # endpoints may leak in.
                core = botocore.session.Session()
                core.set_config_variable("profile", None)
                core.set_config_variable("config_file", "/dev/null")
                core.set_config_variable("credentials_file", "/dev/null")
                share_models(core)
                self._session = boto3.Session(
                    botocore_session=core,
                    aws_access_key_id=self.root_key[0],
                    aws_secret_access_key=self.root_key[1],
                    region_name=self.region,
                )
            session: boto3.Session = self._session
            return session

    def scope(self) -> AbstractContextManager[None]:
        """Account and region for code that touches MiniStack's stores outside a request."""
        from ministack.core.responses import request_scope

        scope: AbstractContextManager[None] = request_scope(self.account_id, self.region)
        return scope

    def changed(self) -> None:
        """Say that state changed outside a request, so that it is saved. From any thread."""
        if self.on_change is not None:
            self.on_change()

    def client(self, service: str) -> Any:
        """One boto3 client a service, shared by all plug-ins (clients are thread-safe)."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self.boto3_session().client(
                    service,
                    endpoint_url=self.endpoint_url,
                )
            return self._clients[service]

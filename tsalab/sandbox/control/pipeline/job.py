"""What a running action is given, and what it gives back."""

from __future__ import annotations

import io
import secrets
import string
import threading
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_ALPHABET = string.ascii_letters + string.digits


class ActionError(Exception):
    """An action's failure, with the reason that a person reads.

    Parameters
    ----------
    code
        AWS's kind of failure: ``JobFailed``, ``ConfigurationError``, ``PermissionError``.
    message
        What went wrong.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class AbandonedError(Exception):
    """Nobody waits for the action any more."""


@dataclass
class Result:
    """What came of an action."""

    summary: str = ""
    revision: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class Job:
    """One action at work.

    Attributes
    ----------
    pipeline, action
        The pipeline's name and the action's declaration.
    store
        Bucket of the artifacts.
    artifacts
        Where the artifacts of this execution lie, by name.
    client
        Gives the boto3 client of a service.
    endpoint_url
        Address of the control plane.
    repositories
        The code repositories.
    trusts
        Whether a role exists and lets a service assume it.
    abandoned
        Set when the action shall end early.
    external
        Called with id and address of what the action set in motion elsewhere.
    """

    pipeline: str
    action: Mapping[str, Any]
    store: str
    artifacts: Mapping[str, dict[str, str]]
    client: Callable[[str], Any]
    endpoint_url: str
    repositories: Any
    trusts: Callable[[str, str], bool]
    abandoned: threading.Event
    external: Callable[[str, str], None]

    @property
    def settings(self) -> Mapping[str, str]:
        """The action's configuration."""
        settings: Mapping[str, str] = self.action["configuration"]
        return settings

    def place(self, artifact: str) -> dict[str, str]:
        """A new place for an artifact in the store, named as AWS names them."""
        unique = "".join(secrets.choice(_ALPHABET) for _ in range(7))
        return {"bucket": self.store, "key": f"{self.pipeline[:20]}/{artifact[:10]}/{unique}.zip"}

    @property
    def output(self) -> str:
        """Name of the artifact that the action makes."""
        name: str = self.action["outputArtifacts"][0]["name"]
        return name

    def read(self, artifact: str) -> bytes:
        """An artifact's bytes."""
        where = self.artifacts[artifact]
        body: bytes = self.client("s3").get_object(Bucket=where["bucket"], Key=where["key"])["Body"].read()
        return body

    def unzip(self, artifact: str) -> zipfile.ZipFile:
        """An artifact as the zip that it has to be.

        Raises
        ------
        ActionError
            When it is none.
        """
        try:
            return zipfile.ZipFile(io.BytesIO(self.read(artifact)))
        except zipfile.BadZipFile:
            raise ActionError(
                "JobFailed",
                f"The artifact [{artifact}] is not a zip file, so nothing can be taken out of it.",
            ) from None

    def wait(self, seconds: float) -> None:
        """Wait.

        Raises
        ------
        AbandonedError
            When nobody waits for us meanwhile.
        """
        if self.abandoned.wait(seconds):
            raise AbandonedError

"""What AWS answers, and the lab's things in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error, say

# What AWS answers to somebody who may not look, or not now: it says nothing of what is there.
_UNSEEN = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "InternalError",
        "InternalFailure",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "UnauthorizedOperation",
    }
)

# What to do about an error code, as it is called under cloud.refused.advice.
_ADVICE = {
    "AccessDenied": "permission",
    "AccessDeniedException": "permission",
    "NoSuchBucket": "bucket",
    "ResourceNotFoundException": "secret",
    "PipelineNotFoundException": "pipeline",
    "RepositoryDoesNotExistException": "repository",
}

# The way on from a stack's status, as it is called under cloud.stack_way; from the others: delete it.
_STACK_WAYS = {
    "UPDATE_ROLLBACK_FAILED": "roll_back",
    "DELETE_FAILED": "retain",
}


class CloudError(TsalabError):
    """AWS refused a call, or a resource is not as the lab needs it."""

    @classmethod
    def refused(cls, doing: str, code: str, message: str) -> CloudError:
        """AWS answered a call with an error."""
        kind = UnseenError if code in _UNSEEN else cls
        return kind(
            **error(
                "cloud.refused",
                doing=doing,
                code=code,
                reason=message or say("cloud.no_reason", who="AWS"),
                advice=say(f"cloud.refused.advice.{_ADVICE.get(code, 'other')}"),
            )
        )

    @classmethod
    def unreachable(cls, doing: str, endpoint: str, cause: str = "") -> UnseenError:
        """Nothing answered at AWS's address."""
        return UnseenError(
            **error("cloud.unreachable", doing=doing, endpoint=endpoint, cause=f" {cause}".rstrip())
        )

    @classmethod
    def no_bundle(cls, url: str, reason: str, profile: str) -> Self:
        """The certificates of RDS's authorities cannot be had."""
        why = reason or say("cloud.no_bundle_pem")
        return cls(**error("cloud.no_bundle", url=url, reason=why, profile=profile))

    @classmethod
    def command_not_run(cls, instance: str, command: str, details: str) -> Self:
        """A command sent by Run Command did not come to its end."""
        return cls(**error("cloud.command_not_run", instance=instance, command=command, details=details))

    @classmethod
    def unmanaged(cls, instance: str) -> UnmanagedError:
        """SSM does not manage an instance."""
        return UnmanagedError(**error("cloud.unmanaged", instance=instance))

    @classmethod
    def missing(cls, kind: str, name: str, next_step: str) -> Self:
        """A thing the lab needs is not in the account."""
        return cls(**error("cloud.missing", kind=kind, name=name, next=next_step))

    @classmethod
    def still_there(cls, stack: str, next_step: str) -> Self:
        """A stack must go before another."""
        return cls(**error("cloud.still_there", stack=stack, next=next_step))

    @classmethod
    def timed_out(cls, what: str, seconds: float, last_seen: str) -> Self:
        """A state did not appear in its time."""
        return cls(**error("cloud.timed_out", what=what, seconds=seconds, last_seen=last_seen))

    @classmethod
    def no_replication(cls, name: str) -> Self:
        """DMS has no instance or no endpoint of the lab's yet."""
        return cls(**error("cloud.no_replication", name=name))

    @classmethod
    def bucket_taken(cls, name: str, reason: str) -> Self:
        """The data bucket's name is somebody's already."""
        return cls(**error("cloud.bucket_taken", name=name, reason=reason))

    @classmethod
    def stack_failed(cls, name: str, status: str, resource: str, reason: str) -> Self:
        """A stack cannot be used; the first resource that failed, and why."""
        way = _STACK_WAYS.get(status, "delete")
        first = f"{resource}: {reason}" if resource else reason
        return cls(
            **error(
                "cloud.stack_failed",
                name=name,
                status=status,
                reason=first or say("cloud.no_reason", who="CloudFormation"),
                next=say(f"cloud.stack_way.{way}", name=name),
            )
        )

    @classmethod
    def pipeline_failed(cls, name: str, reason: str) -> Self:
        """A pipeline's newest run failed."""
        return cls(
            **error(
                "cloud.pipeline_failed",
                name=name,
                reason=reason or say("cloud.no_reason", who="CodePipeline"),
            )
        )

    @classmethod
    def secret_malformed(cls, name: str) -> Self:
        """The secret's value is no JSON object."""
        return cls(**error("cloud.secret_malformed", name=name))

    @classmethod
    def secret_incomplete(cls, name: str, missing: Iterable[str]) -> Self:
        """The secret lacks fields that the attachment adds."""
        return cls(**error("cloud.secret_incomplete", name=name, missing=", ".join(missing)))

    @classmethod
    def git_failed(cls, command: str, status: int, said: str) -> Self:
        """The git program failed."""
        return cls(
            **error(
                "cloud.git_failed",
                command=command,
                status=status,
                said=said or say("cloud.git_failed.silent"),
            )
        )

    @classmethod
    def git_missing(cls) -> Self:
        """There is no git program."""
        return cls(**error("cloud.git_missing"))


class UnseenError(CloudError):
    """AWS does not let us look, or does not answer: what is there stays unknown."""


class UnmanagedError(CloudError):
    """SSM does not manage the instance."""

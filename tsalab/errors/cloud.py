"""What AWS answers, and the lab's things in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError

_ADVICE = {
    "AccessDenied": "Ask for the permission named above, or use a profile that has it.",
    "AccessDeniedException": "Ask for the permission named above, or use a profile that has it.",
    "NoSuchBucket": "Check the data bucket's name in the bootstrap stack's outputs.",
    "ResourceNotFoundException": "Check the name; `aws secretsmanager list-secrets` shows what there is.",
    "PipelineNotFoundException": "Check that the bootstrap stack of lab 1 still exists.",
    "RepositoryDoesNotExistException": "Check that lab 3's CodeCommit repositories still exist.",
}


class CloudError(TsalabError):
    """AWS refused a call, or a resource is not as the lab needs it."""

    @classmethod
    def refused(cls, doing: str, code: str, message: str) -> Self:
        """AWS answered a call with an error."""
        return cls(
            f"AWS refused to {doing}: {code}.",
            message or "AWS gave no reason.",
            _ADVICE.get(code, "Mend what AWS names above, then run the cell again."),
        )

    @classmethod
    def unreachable(cls, doing: str, endpoint: str, cause: str = "") -> Self:
        """Nothing answered at AWS's address."""
        return cls(
            f"AWS did not answer; it was asked to {doing}.",
            f"No connection to {endpoint}. {cause}".rstrip(),
            "On AWS: check the network. On a sandbox: `tsalab sandbox up` starts it again with its data.",
        )

    @classmethod
    def missing(cls, kind: str, name: str, next_step: str) -> Self:
        """A thing the lab needs is not in the account."""
        return cls(f"There is no {kind} {name}.", "It does not exist in this account and region.", next_step)

    @classmethod
    def still_there(cls, stack: str, next_step: str) -> Self:
        """A stack must go before another."""
        return cls(f"The stack {stack} still exists.", "What it uses cannot be deleted before it.", next_step)

    @classmethod
    def timed_out(cls, what: str, seconds: float, last_seen: str) -> Self:
        """A state did not appear in its time."""
        return cls(
            f"{what} took longer than {seconds:.0f} s.",
            f"Last seen: {last_seen}.",
            "Run the cell again to go on waiting; if it stays so, look at the resource in the console.",
        )

    @classmethod
    def stack_failed(cls, name: str, status: str, resource: str, reason: str) -> Self:
        """A stack was not created; the first resource that failed, and why."""
        first = f"{resource}: {reason}" if resource else reason
        return cls(
            f"The stack {name} ended as {status}.",
            first or "CloudFormation gave no reason.",
            f"Mend that, delete the stack {name} (aws cloudformation delete-stack), and run it again.",
        )

    @classmethod
    def pipeline_failed(cls, name: str, reason: str) -> Self:
        """A pipeline's newest run failed."""
        return cls(
            f"The pipeline {name} failed.",
            reason or "CodePipeline gave no reason.",
            "Mend what is named above, then run it again.",
        )

    @classmethod
    def secret_malformed(cls, name: str) -> Self:
        """The secret's value is no JSON object."""
        return cls(
            f"The secret {name} does not hold what the app expects.",
            "Its value is not a JSON object with text, and a number as port.",
            "Restore the secret's value in Secrets Manager, or redeploy the template of step 3.",
        )

    @classmethod
    def secret_incomplete(cls, name: str, missing: Iterable[str]) -> Self:
        """The secret lacks fields that the attachment adds."""
        return cls(
            f"The secret {name} lacks: {', '.join(missing)}.",
            "The attachment of step 3 adds the cluster's address to it; it has not (yet) been made.",
            "Check that DatabaseSecretAttachment is in infra.yml and that step 9's pipeline succeeded.",
        )

    @classmethod
    def git_failed(cls, command: str, status: int, said: str) -> Self:
        """The git program failed."""
        return cls(
            f"`git {command}` failed with exit status {status}.",
            said or "git said nothing.",
            "Mend what git names above, then run the cell again.",
        )

    @classmethod
    def git_missing(cls) -> Self:
        """There is no git program."""
        return cls(
            "The program git was not found.",
            "The lab's code lives in CodeCommit and travels by git.",
            "Install git (Debian: apt-get install git; macOS: xcode-select --install).",
        )

"""CodeCommit: repositories that are real bare git repositories, served by API and by git over HTTP.

`git` drives the git program, `repositories` keeps them, `service` and `commits` answer the
API, `access` and `iam` decide who may clone and push. No HTTP here: git's own protocol is
served by `tsalab.sandbox.machines.gitserver`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsalab.sandbox import news
from tsalab.sandbox.control import json_service

if TYPE_CHECKING:
    from tsalab.sandbox.control.codecommit.service import CodeCommit
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    *json_service.TOUCHES,
    "core.iam_evaluator.AuthError",
    "core.iam_evaluator.CredentialResolutionError",
    "core.iam_evaluator.EvalContext",
    "core.iam_evaluator.ResolvedCredential",
    "core.iam_evaluator.evaluate",
    "core.iam_evaluator.resolve_credential",
    "core.iam_evaluator.resolve_principal",
    "core.responses.request_scope",
    "core.sigv4.derive_signing_key",
    "services.cloudformation.provisioners._RESOURCE_HANDLERS",
    "services.iam._AWS_MANAGED_POLICY_PREFIX",
    "services.iam._IAM_HANDLERS",
    "services.iam._aws_managed_policies",
    "services.iam._error",
    "services.iam._make_aws_managed_record",
    "services.iam._p",
    "services.iam._users",
    "services.iam._xml",
)


def install(context: Context) -> CodeCommit:
    """Add CodeCommit to MiniStack, and let it decide for the git server.

    Parameters
    ----------
    context
        The sandbox; `context.estate.git` is its git server.
    """
    from tsalab.sandbox.control.codecommit import cfn
    from tsalab.sandbox.control.codecommit.access import Gate
    from tsalab.sandbox.control.codecommit.iam import GitCredentials
    from tsalab.sandbox.control.codecommit.service import CodeCommit

    server = context.estate.git
    service = CodeCommit(context, lambda: server.url)
    service.register()
    GitCredentials(service.credentials).install()
    cfn.install(service)
    server.env = service.environment
    server.authenticate = Gate(service.credentials, context.account_id, context.region)
    server.on_push = service.repositories.pushed
    service.repositories.listeners.append(_tell)
    return service


def _tell(repository: str, branch: str, commit: str) -> None:
    news.tell("branch", repository=repository, branch=branch, commit=commit)


def of(context: Context) -> CodeCommit:  # noqa: ARG001 - one sandbox a process
    """The service that `install` added."""
    from ministack import app

    service: CodeCommit = app._loaded_modules["codecommit"]
    return service

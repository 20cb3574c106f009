"""IAM's operations on git credentials, and AWS's own policies for CodeCommit, which MiniStack lacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from tsalab.sandbox.control.codecommit.access import SERVICE, Credentials
from tsalab.sandbox.control.json_service import caller

Parameters = Mapping[str, Any]
Response = tuple[int, dict[str, str], bytes]

_READ = ["codecommit:BatchGet*", "codecommit:BatchDescribe*", "codecommit:Describe*"]
_READ += ["codecommit:EvaluatePullRequestApprovalRules", "codecommit:Get*", "codecommit:List*"]
_READ += ["codecommit:GitPull"]
_POWER = ["AssociateApprovalRuleTemplateWithRepository", "BatchAssociate*", "BatchDisassociate*"]
_POWER += ["Create*", "DeleteBranch", "DeleteFile", "Describe*", "Disassociate*", "Evaluate*"]
_POWER += ["Merge*", "OverridePullRequestApprovalRules", "Put*", "Post*", "TagResource", "Test*"]
_POWER += ["UntagResource", "Update*", "GitPush"]
# What AWS's managed policies say about CodeCommit itself (AWS Managed Policy Reference);
# their statements on events, notifications and encryption keys concern services not here.
POLICIES = {
    "AWSCodeCommitFullAccess": ["codecommit:*"],
    "AWSCodeCommitPowerUser": [*_READ, *(f"codecommit:{action}" for action in _POWER)],
    "AWSCodeCommitReadOnly": _READ,
}


class GitCredentials:
    """The handlers.

    Parameters
    ----------
    credentials
        The rows they work on.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def install(self) -> None:
        """Add the operations and the policies to MiniStack's IAM."""
        from ministack.services import iam

        for name, actions in POLICIES.items():
            statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            arn = f"{iam._AWS_MANAGED_POLICY_PREFIX}{name}"
            iam._aws_managed_policies[arn] = iam._make_aws_managed_record(
                name, document, f"{name}, as far as it is about CodeCommit."
            )
        iam._IAM_HANDLERS.update(
            CreateServiceSpecificCredential=self._create,
            ListServiceSpecificCredentials=self._list,
            ResetServiceSpecificCredential=self._reset,
            UpdateServiceSpecificCredential=self._update,
            DeleteServiceSpecificCredential=self._delete,
            DeleteUser=self._delete_user(iam._IAM_HANDLERS["DeleteUser"]),
        )

    def _create(self, request: Parameters) -> Response:
        from ministack.services import iam

        service = iam._p(request, "ServiceName")
        if service != SERVICE:
            return _refused(
                400,
                "ServiceNotSupported",
                f"The sandbox has git credentials for {SERVICE} only, not {service}.",
            )
        user = self._user(request)
        if user is None:
            return _no_user(request)
        try:
            row = self._credentials.create(user["UserName"], user["UserId"])
        except OverflowError as error:
            return _refused(409, "LimitExceeded", str(error))
        return _answer("CreateServiceSpecificCredential", _one(row, secret=True))

    def _list(self, request: Parameters) -> Response:
        user = self._user(request)
        if user is None:
            return _no_user(request)
        rows = self._credentials.of_user(user["UserName"])
        members = "".join(f"<member>{_fields(row, secret=False)}</member>" for row in rows)
        inner = f"<ServiceSpecificCredentials>{members}</ServiceSpecificCredentials>"
        return _answer("ListServiceSpecificCredentials", inner)

    def _reset(self, request: Parameters) -> Response:
        key = self._row(request)
        if key is None:
            return _no_row(request)
        return _answer("ResetServiceSpecificCredential", _one(self._credentials.reset(key), secret=True))

    def _update(self, request: Parameters) -> Response:
        from ministack.services import iam

        key = self._row(request)
        if key is None:
            return _no_row(request)
        status = iam._p(request, "Status")
        if status not in {"Active", "Inactive"}:
            return _refused(400, "ValidationError", f"Status cannot be {status}: Active or Inactive.")
        self._credentials.set_status(key, status)
        return _answer("UpdateServiceSpecificCredential", "")

    def _delete(self, request: Parameters) -> Response:
        key = self._row(request)
        if key is None:
            return _no_row(request)
        self._credentials.delete(key)
        return _answer("DeleteServiceSpecificCredential", "")

    def _delete_user(self, inner: Callable[[Parameters], Response]) -> Callable[[Parameters], Response]:
        def handler(request: Parameters) -> Response:
            from ministack.services import iam

            if self._credentials.of_user(iam._p(request, "UserName")):
                return _refused(
                    409,
                    "DeleteConflict",
                    "Cannot delete entity, must delete service specific credentials first.",
                )
            return inner(request)

        return handler

    def _user(self, request: Parameters) -> dict[str, str] | None:
        """The user that is meant: the one named, else the caller."""
        from ministack.services import iam

        name = iam._p(request, "UserName") or caller().partition(":user/")[2].rpartition("/")[2]
        found: dict[str, str] | None = iam._users.get(name)
        return found

    def _row(self, request: Parameters) -> str | None:
        from ministack.services import iam

        key: str = iam._p(request, "ServiceSpecificCredentialId")
        user = self._user(request)
        row = self._credentials.rows.get(key)
        return key if row and user and row["UserName"] == user["UserName"] else None


def _fields(row: Mapping[str, str], *, secret: bool) -> str:
    hidden = {"UserId"} if secret else {"UserId", "ServicePassword"}
    return "".join(f"<{k}>{escape(v)}</{k}>" for k, v in row.items() if k not in hidden)


def _one(row: Mapping[str, str], *, secret: bool) -> str:
    return f"<ServiceSpecificCredential>{_fields(row, secret=secret)}</ServiceSpecificCredential>"


def _answer(operation: str, inner: str) -> Response:
    from ministack.services import iam

    result = f"<{operation}Result>{inner}</{operation}Result>" if inner else ""
    response: Response = iam._xml(200, f"{operation}Response", result, ns="iam")
    return response


def _refused(status: int, code: str, message: str) -> Response:
    from ministack.services import iam

    response: Response = iam._error(status, code, escape(message), ns="iam")
    return response


def _no_user(request: Parameters) -> Response:
    from ministack.services import iam

    name = iam._p(request, "UserName") or caller()
    return _refused(404, "NoSuchEntity", f"The user with name {name} cannot be found.")


def _no_row(request: Parameters) -> Response:
    from ministack.services import iam

    key = iam._p(request, "ServiceSpecificCredentialId")
    return _refused(404, "NoSuchEntity", f"The service-specific credential {key} cannot be found.")

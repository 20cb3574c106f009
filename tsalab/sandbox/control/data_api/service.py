"""The Data API's operations: who may, on which cluster, and what is answered.

The two versions of Aurora Serverless refuse in different words: the first calls nearly
everything a ``BadRequestException``, the second has a name for each thing.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pymysql

from tsalab.sandbox.control.aurora import Clusters, needs_instance
from tsalab.sandbox.control.aurora_rules import RdsError
from tsalab.sandbox.control.borrowed import RefusedError, demand
from tsalab.sandbox.control.data_api.fields import Options, as_json
from tsalab.sandbox.control.data_api.sessions import Access, Result, Sessions
from tsalab.sandbox.control.data_api.statement import bind
from tsalab.sandbox.control.json_service import Answer, ApiError, Response, answered, read_request, refused

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "app._RDS_DATA_PATHS",
    "app._enforce_rds_data",
    "app._handle_rds_data_request",
    "services.secretsmanager._find_stage_version",
    "services.secretsmanager._resolve",
)
_PATHS = {
    "/Execute": "ExecuteStatement",
    "/BatchExecute": "BatchExecuteStatement",
    "/BeginTransaction": "BeginTransaction",
    "/CommitTransaction": "CommitTransaction",
    "/RollbackTransaction": "RollbackTransaction",
}
_REQUEST_BYTES = 4 * 1024 * 1024
_JSON = "application/json"
# By the error's name; every other is 400.
_STATUS = {
    "AccessDeniedException": 403,
    "DatabaseNotFoundException": 404,
    "DatabaseUnavailableException": 504,
    "ForbiddenException": 403,
    "TransactionNotFoundException": 404,
}
# What version 1 has no name of its own for.
_UNNAMED_IN_V1 = frozenset(
    {
        "DatabaseErrorException",
        "DatabaseNotFoundException",
        "HttpEndpointNotEnabledException",
        "InvalidSecretException",
        "SecretsErrorException",
        "TransactionNotFoundException",
        "UnsupportedResultException",
    }
)
_ASLEEP_V1 = (
    "Communications link failure. The last packet sent successfully to the server was 0 milliseconds ago. "
    "The driver has not received any packets from the server."
)
_ASLEEP = (
    "The Aurora DB instance is resuming after being auto-paused. Please wait a few seconds and try again."
)

logger = logging.getLogger("tsalab.sandbox.data_api")


class DataApi:
    """``rds-data`` of one sandbox.

    Parameters
    ----------
    context
        The sandbox.
    sessions
        Its connections.
    """

    def __init__(self, context: Context, sessions: Sessions) -> None:
        self.context = context
        self.sessions = sessions
        self._clusters = Clusters(context)
        self._operations: dict[str, Callable[[Access, Answer], Answer]] = {
            "ExecuteStatement": self.execute,
            "BatchExecuteStatement": self.execute_batch,
            "BeginTransaction": self.begin,
            "CommitTransaction": self.commit,
            "RollbackTransaction": self.roll_back,
        }

    async def handle(
        self, method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str
    ) -> Response | None:
        """Answer a request; None when it is another service's."""
        from ministack import app

        if path not in app._RDS_DATA_PATHS:
            return None
        if denied := app._enforce_rds_data(method, path, headers, body, query, request_id):
            response: Response = denied
            return response
        try:
            answer = await asyncio.to_thread(self._perform, path, body)
        except ApiError as error:
            return refused(error, _STATUS.get(error.code, 400), _JSON)
        return answered(answer, _JSON)

    def _perform(self, path: str, body: bytes) -> Answer:
        operation = _PATHS.get(path)
        if operation is None:
            raise ApiError(
                "BadRequestException", f"The sandbox does not do {path.strip('/')}; it is deprecated."
            )
        if len(body) > _REQUEST_BYTES:
            raise ApiError("BadRequestException", f"The request is larger than {_REQUEST_BYTES} bytes.")
        request = read_request("rds-data", operation, body, invalid="BadRequestException")
        record = self._record(request["resourceArn"])
        try:
            return self._operations[operation](self._access(record, request), request)
        except ApiError as error:
            if needs_instance(record) or error.code not in _UNNAMED_IN_V1:
                raise
            raise ApiError("BadRequestException", error.message) from None
        except pymysql.MySQLError as error:
            raise _of_database(error, first=not needs_instance(record)) from None

    # Operations.

    def execute(self, access: Access, request: Answer) -> Answer:
        """``ExecuteStatement``."""
        options = Options.of(request.get("resultSetOptions", {}))
        (result,) = self.sessions.execute(
            access,
            request.get("transactionId", ""),
            [bind(request["sql"], request.get("parameters", ()))],
            go_on=request.get("continueAfterTimeout", False),
        )
        if result.columns is None:
            return {"generatedFields": _generated(result), "numberOfRecordsUpdated": result.updated}
        answer: Answer = {"numberOfRecordsUpdated": 0}
        if request.get("formatRecordsAs") == "JSON":
            return answer | {"formattedRecords": as_json(result.columns, result.rows, options)}
        answer["records"] = [
            [column.field(value, options) for column, value in zip(result.columns, row, strict=True)]
            for row in result.rows
        ]
        if request.get("includeResultMetadata"):
            answer["columnMetadata"] = [column.metadata() for column in result.columns]
        return answer

    def execute_batch(self, access: Access, request: Answer) -> Answer:
        """``BatchExecuteStatement``: the statement once for each set of parameters."""
        sets: Sequence[Sequence[Mapping[str, Any]]] = request.get("parameterSets") or [[]]
        sqls = [bind(request["sql"], parameters) for parameters in sets]
        results = self.sessions.execute(access, request.get("transactionId", ""), sqls)
        return {"updateResults": [{"generatedFields": _generated(result)} for result in results]}

    def begin(self, access: Access, _request: Answer) -> Answer:
        """``BeginTransaction``."""
        return {"transactionId": self.sessions.begin(access)}

    def commit(self, access: Access, request: Answer) -> Answer:
        """``CommitTransaction``."""
        self.sessions.end(access, request["transactionId"], commit=True)
        return {"transactionStatus": "Transaction Committed"}

    def roll_back(self, access: Access, request: Answer) -> Answer:
        """``RollbackTransaction``."""
        self.sessions.end(access, request["transactionId"], commit=False)
        return {"transactionStatus": "Rollback Complete"}

    # What every operation rests on.

    def _record(self, arn: str) -> dict[str, Any]:
        try:
            record = self._clusters.get(arn)
        except RdsError:
            record = {}
        if record.get("DBClusterArn") != arn:
            raise ApiError("DatabaseNotFoundException", f"DB cluster {arn} is not found.")
        return record

    def _access(self, record: dict[str, Any], request: Answer) -> Access:
        cluster_id = record["DBClusterIdentifier"]
        if not record.get("HttpEndpointEnabled"):
            raise ApiError(
                "HttpEndpointNotEnabledException", f"HttpEndpoint is not enabled for cluster {cluster_id}."
            )
        if record["Status"] != "available" or (needs_instance(record) and not record.get("DBClusterMembers")):
            raise ApiError(
                "InvalidResourceStateException", f"DB cluster {cluster_id} has no instance that is available."
            )
        login = self._login(request["secretArn"])
        databases = self.context.estate.databases
        if databases.is_paused(cluster_id):
            databases.wake_soon(cluster_id)
            if needs_instance(record):
                raise ApiError("DatabaseResumingException", _ASLEEP)
            raise ApiError("BadRequestException", _ASLEEP_V1)
        return Access(
            cluster_id,
            databases.socket(cluster_id),
            login["username"],
            login["password"],
            request.get("database", ""),
            lambda: databases.held(cluster_id),
        )

    def _login(self, secret_arn: str) -> dict[str, str]:
        """User and password of a secret that the caller may read."""
        from ministack.services import secretsmanager

        _, secret = secretsmanager._resolve(secret_arn)
        if secret is None or secret.get("DeletedDate"):
            raise ApiError("SecretsErrorException", f"The secret {secret_arn} is not found.")
        try:
            demand(self.context, "secretsmanager:GetSecretValue", secret["ARN"])
        except RefusedError as error:
            raise ApiError("AccessDeniedException", str(error)) from None
        _, version = secretsmanager._find_stage_version(secret, "AWSCURRENT")
        try:
            login = json.loads((version or {}).get("SecretString") or "")
            return {name: str(login[name]) for name in ("username", "password")}
        except (ValueError, KeyError, TypeError):
            # Not with the error: it would quote the secret.
            raise ApiError("InvalidSecretException", "The secret holds no username and password.") from None


def _generated(result: Result) -> list[Answer]:
    return [{"longValue": result.generated}] if result.generated else []


def _of_database(error: pymysql.MySQLError, *, first: bool) -> ApiError:
    """The database's own words; the second version adds the numbers."""
    code, message = (*error.args, "", "")[:2]
    logger.debug("the database refused: %s", code)
    if first:
        return ApiError("BadRequestException", str(message))
    return ApiError("DatabaseErrorException", f"{message}; Error code: {code}")

"""SQL over HTTPS: the Data API of an Aurora cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.cloud.waiting import poll
from tsalab.errors import ExperimentError
from tsalab.messages import say

Cell = str | int | float | bool | bytes | None
WAKES_WITHIN = 60.0
_FIRST_VERSION_WAKES = "Communications link failure"  # its message; a name of its own it has none


@dataclass(frozen=True)
class Answer:
    """What a statement came to.

    Parameters
    ----------
    columns
        Names, of a query.
    rows
        One value a column.
    updated
        Rows changed, by any other statement.
    refusals
        How often the cluster said that it was still waking.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    updated: int
    refusals: int = 0


class DataApi:
    """The Data API of one cluster, as the user that a secret names.

    Parameters
    ----------
    account
        Whose.
    cluster_arn, secret_arn
        Of which cluster, and as whom; the caller needs permission to read the secret.
    database
        The default one.
    """

    def __init__(self, account: Account, cluster_arn: str, secret_arn: str, database: str) -> None:
        self._account = account
        self._cluster_arn, self._secret_arn, self._database = cluster_arn, secret_arn, database

    def execute(self, sql: str, parameters: Mapping[str, Cell] | None = None) -> Answer:
        """Execute one statement; a paused cluster is asked again until it is awake.

        Parameters
        ----------
        sql
            One statement; ``:name`` stands for a value.
        parameters
            The values. They are never put into the text.

        Raises
        ------
        CloudError
            When AWS or the database refuses it.
        ExperimentError
            When the cluster does not wake within a minute.
        """
        given = [{"name": name, "value": _field(value)} for name, value in (parameters or {}).items()]
        refusals = 0

        def once() -> dict[str, Any] | None:
            nonlocal refusals
            try:
                answer: dict[str, Any] = self._account.client("rds-data").execute_statement(
                    resourceArn=self._cluster_arn,
                    secretArn=self._secret_arn,
                    database=self._database,
                    sql=sql,
                    parameters=given,
                    includeResultMetadata=True,
                )
            except ClientError as error:
                if not _is_waking(error):
                    raise
                refusals += 1
                return None
            return answer

        with self._account.doing(say("cloud.doing.data_api")):
            answer, awake = poll(once, lambda found: found is not None, seconds=WAKES_WITHIN)
        if not awake or answer is None:
            raise ExperimentError.never_woke(self._cluster_arn.rpartition(":")[2], WAKES_WITHIN)
        return Answer(
            tuple(column["label"] for column in answer.get("columnMetadata", ())),
            tuple(tuple(map(_value, row)) for row in answer.get("records", ())),
            int(answer.get("numberOfRecordsUpdated", 0)),
            refusals,
        )


def _is_waking(error: ClientError) -> bool:
    if error_code(error) == "DatabaseResumingException":
        return True
    return error_code(error) == "BadRequestException" and _FIRST_VERSION_WAKES in str(error)


def _field(value: Cell) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    kinds = {bool: "booleanValue", int: "longValue", float: "doubleValue", bytes: "blobValue"}
    return {kinds.get(type(value), "stringValue"): value}


def _value(field: Mapping[str, Any]) -> Cell:
    ((kind, value),) = field.items()
    return None if kind == "isNull" else value

"""Which database engines RDS offers in a region."""

from __future__ import annotations

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.messages import say


def offered(account: Account, engine: str, mode: str) -> list[str]:
    """Versions of an engine that can be had in a mode, oldest first; empty when there is none.

    Parameters
    ----------
    account
        The account and region to ask in.
    engine, mode
        As a cluster's template names them.

    Raises
    ------
    CloudError
        When AWS refuses to answer.
    """
    with account.doing(say("cloud.doing.engines", engine=engine)):
        try:
            pages = account.client("rds").get_paginator("describe_db_engine_versions")
            rows = [row for page in pages.paginate(Engine=engine) for row in page["DBEngineVersions"]]
        except ClientError as error:
            # RDS calls an engine that it no longer knows an invalid parameter.
            if error_code(error) in {"InvalidParameterValue", "InvalidParameterCombination"}:
                return []
            raise
    return [row["EngineVersion"] for row in rows if mode in row.get("SupportedEngineModes", [])]

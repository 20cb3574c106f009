"""What RDS accepts of an Aurora Serverless v1 cluster, and how it refuses the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

ENGINE, MODE, PORT = "aurora", "serverless", 3306
# Aurora Serverless v1: capacities in ACUs, and when it pauses (RDS user guide).
CAPACITIES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_PAUSE_SECONDS = range(300, 86401)
_IDENTIFIER = re.compile(r"[a-z](?:-?[a-z0-9]){0,62}")
_DATABASE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_USER = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}")
_PASSWORD = re.compile(r'[^\s/@"]{8,41}')
TOUCHES = ("services.ec2._security_groups", "services.rds._subnet_groups")


class RdsError(ValueError):
    """A request that RDS refuses: its code and its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Wish:
    """A cluster as requested, by template or API."""

    cluster_id: str
    username: str
    password: str = field(repr=False)
    database: str
    subnet_group: str
    security_groups: tuple[str, ...]
    scaling: dict[str, Any]
    tags: tuple[dict[str, str], ...]
    backup_days: int = 1
    deletion_protection: bool = False


def check(wish: Wish) -> None:
    """Refuse a wish that RDS would refuse.

    Raises
    ------
    RdsError
        With RDS's own code.
    """
    from ministack.services import rds

    if not _IDENTIFIER.fullmatch(wish.cluster_id):
        raise RdsError("InvalidParameterValue", f"Invalid database cluster identifier: {wish.cluster_id}")
    if not _USER.fullmatch(wish.username):
        raise RdsError("InvalidParameterValue", "MasterUsername must be 1 to 16 letters and digits.")
    if wish.database and not _DATABASE.fullmatch(wish.database):
        raise RdsError(
            "InvalidParameterValue",
            "DatabaseName must begin with a letter and contain only alphanumeric characters.",
        )
    check_password(wish.password)
    scaling(wish.scaling)
    if wish.subnet_group not in rds._subnet_groups:
        raise RdsError(
            "DBSubnetGroupNotFoundFault",
            f"DB subnet group '{wish.subnet_group or 'default'}' does not exist.",
        )
    check_groups(wish.security_groups)


def check_groups(groups: tuple[str, ...]) -> None:
    """Refuse security groups that do not exist.

    Raises
    ------
    RdsError
        With the first of them.
    """
    from ministack.services import ec2

    for group in groups:
        if group not in ec2._security_groups:
            raise RdsError("InvalidParameterValue", f"Invalid security group, groupId={group}")


def check_password(password: str) -> None:
    """Refuse a password that RDS would refuse; never repeats it.

    Raises
    ------
    RdsError
        With the rule.
    """
    if not _PASSWORD.fullmatch(password):
        raise RdsError(
            "InvalidParameterValue",
            "The parameter MasterUserPassword is not a valid password. It must be 8 to 41 printable "
            "characters without '/', '@', '\"' and spaces.",
        )


def scaling(wanted: dict[str, Any]) -> dict[str, Any]:
    """A scaling configuration with Aurora's defaults filled in.

    Raises
    ------
    RdsError
        When a capacity or a time is not one that Aurora has.
    """
    least = int(wanted.get("MinCapacity", 1))
    most = int(wanted.get("MaxCapacity", 16))
    pause = int(wanted.get("SecondsUntilAutoPause", 300))
    if least not in CAPACITIES or most not in CAPACITIES or least > most:
        raise RdsError(
            "InvalidParameterValue",
            f"MinCapacity {least} and MaxCapacity {most} must be of {', '.join(map(str, CAPACITIES))}, "
            "the first not above the second.",
        )
    if pause not in _PAUSE_SECONDS:
        raise RdsError("InvalidParameterValue", f"SecondsUntilAutoPause {pause} must be from 300 to 86400.")
    auto = str(wanted.get("AutoPause", True)).lower() == "true"
    return {"MinCapacity": least, "MaxCapacity": most, "AutoPause": auto, "SecondsUntilAutoPause": pause}


def check_engine(engine: str | None, mode: str | None) -> None:
    """Refuse every engine that has no real database behind it here.

    Raises
    ------
    RdsError
        With what was asked for and what there is.
    """
    if (engine, mode) != (ENGINE, MODE):
        raise RdsError(
            "InvalidParameterCombination",
            f"The sandbox does not run engine {engine} in mode {mode or 'provisioned'}: "
            f"it runs {ENGINE} in mode {MODE}.",
        )


def memberships(groups: tuple[str, ...]) -> list[dict[str, str]]:
    """Security groups as a cluster lists them."""
    return [{"VpcSecurityGroupId": group, "Status": "active"} for group in groups]

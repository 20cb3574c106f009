"""What RDS accepts of an Aurora Serverless cluster, of either version, and how it refuses the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

PORT = 3306


@dataclass(frozen=True)
class Kind:
    """A kind of cluster that has a real database behind it here.

    Attributes
    ----------
    engine, mode, version, family
        As RDS names them.
    """

    engine: str
    mode: str
    version: str
    family: str


V1 = Kind("aurora", "serverless", "5.6.mysql_aurora.1.23.4", "aurora5.6")  # the last of MySQL 5.6
V2 = Kind("aurora-mysql", "provisioned", "8.0.mysql_aurora.3.10.0", "aurora-mysql8.0")
KINDS = (V1, V2)
# Since 2025, to everybody who asks for a new one.
ENDED = "The engine mode serverless you requested is currently unavailable."
# Aurora Serverless v1: capacities in ACUs, and when it pauses (RDS user guide).
CAPACITIES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_MOST_V2 = 256
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
    kind: Kind
    tags: tuple[dict[str, str], ...]
    backup_days: int = 1
    deletion_protection: bool = False
    data_api: bool = False


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
    scaling(wish.scaling, wish.kind)
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


def scaling(wanted: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """A scaling configuration with Aurora's defaults filled in.

    Raises
    ------
    RdsError
        When a capacity or a time is not one that Aurora has.
    """
    return _scaling_v1(wanted) if kind is V1 else _scaling_v2(wanted)


def _scaling_v2(wanted: dict[str, Any]) -> dict[str, Any]:
    """Half steps up to 256; it pauses when it may go down to 0."""
    if not wanted.keys() >= {"MinCapacity", "MaxCapacity"}:
        raise RdsError(
            "InvalidParameterCombination",
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a "
            "Serverless v2 DB instance.",
        )
    least, most = float(wanted["MinCapacity"]), float(wanted["MaxCapacity"])
    if least % 0.5 or most % 0.5 or not 0 <= least <= most or not 1 <= most <= _MOST_V2:
        raise RdsError(
            "InvalidParameterValue",
            f"MinCapacity {least:g} and MaxCapacity {most:g} must be in half steps, from 0 and from 1 to "
            f"{_MOST_V2}, the first not above the second.",
        )
    pause = int(wanted.get("SecondsUntilAutoPause", 300))
    if "SecondsUntilAutoPause" in wanted and least:
        raise RdsError(
            "InvalidParameterCombination", "SecondsUntilAutoPause can be set only when MinCapacity is 0."
        )
    _check_pause(pause)
    return {
        "MinCapacity": least,
        "MaxCapacity": most,
        "AutoPause": least == 0,
        "SecondsUntilAutoPause": pause,
    }


def _check_pause(seconds: int) -> None:
    if seconds not in _PAUSE_SECONDS:
        raise RdsError("InvalidParameterValue", f"SecondsUntilAutoPause {seconds} must be from 300 to 86400.")


def _scaling_v1(wanted: dict[str, Any]) -> dict[str, Any]:
    least = int(wanted.get("MinCapacity", 1))
    most = int(wanted.get("MaxCapacity", 16))
    pause = int(wanted.get("SecondsUntilAutoPause", 300))
    if least not in CAPACITIES or most not in CAPACITIES or least > most:
        raise RdsError(
            "InvalidParameterValue",
            f"MinCapacity {least} and MaxCapacity {most} must be of {', '.join(map(str, CAPACITIES))}, "
            "the first not above the second.",
        )
    _check_pause(pause)
    auto = str(wanted.get("AutoPause", True)).lower() == "true"
    return {"MinCapacity": least, "MaxCapacity": most, "AutoPause": auto, "SecondsUntilAutoPause": pause}


def kind_of(engine: str | None, mode: str | None, version: str | None = None, *, today: bool) -> Kind:
    """The kind of cluster that is asked for; every other has no real database behind it here.

    Parameters
    ----------
    engine, mode, version
        As asked for; None where nothing is said.
    today
        Whether AWS is as it is today, and makes no cluster of the first version.

    Raises
    ------
    RdsError
        With what was asked for and what there is.
    """
    mode = mode or "provisioned"
    if today and mode == V1.mode:
        raise RdsError("InvalidParameterValue", ENDED)
    for kind in KINDS:
        if (engine, mode) == (kind.engine, kind.mode):
            if version and not kind.version.startswith(version):
                raise RdsError("InvalidParameterCombination", f"Cannot find version {version} for {engine}")
            return kind
    there = " or ".join(f"{kind.engine} in mode {kind.mode}" for kind in KINDS)
    raise RdsError(
        "InvalidParameterCombination",
        f"The sandbox does not run engine {engine} in mode {mode}: it runs {there}.",
    )


def memberships(groups: tuple[str, ...]) -> list[dict[str, str]]:
    """Security groups as a cluster lists them."""
    return [{"VpcSecurityGroupId": group, "Status": "active"} for group in groups]

"""Endpoints: where a database is and who enters; their passwords are in no answer.

A secret of Secrets Manager may stand in the password's place; it is read when a connection is
made, as the role that the endpoint names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control.borrowed import RefusedError, demand, role_may
from tsalab.sandbox.control.dms import naming
from tsalab.sandbox.control.dms.naming import Record
from tsalab.sandbox.control.json_service import Answer, ApiError
from tsalab.sandbox.control.pipeline.roles import trusts

if TYPE_CHECKING:
    from tsalab.sandbox.control.dms.store import Store

TOUCHES = (
    "services.iam._roles",
    "services.secretsmanager._find_stage_version",
    "services.secretsmanager._resolve",
)
KIND = "Endpoint"
ENGINES = {"mysql": "MySQL", "mariadb": "MariaDB", "aurora": "Amazon Aurora MySQL"}
_MEMBERS = (
    "EndpointIdentifier EndpointType EngineName Username Password ServerName Port DatabaseName "
    "ExtraConnectionAttributes SslMode MySQLSettings"
)
_SETTINGS = (
    "ServerName Port Username Password DatabaseName SecretsManagerAccessRoleArn SecretsManagerSecretId "
    "TargetDbType ParallelLoadThreads"
)
_SECRET = ("SecretsManagerAccessRoleArn", "SecretsManagerSecretId")
_ATTRIBUTES = {"targetdbtype": "TargetDbType", "parallelloadthreads": "ParallelLoadThreads"}
_NO_FOREIGN_KEYS = "set foreign_key_checks=0"  # what AWS's guide tells everybody to add; done anyway
_DB_TYPES = ("specific-database", "multiple-databases")
FILTERS: dict[str, Callable[[Record], str]] = {
    "endpoint-arn": lambda row: str(row["EndpointArn"]),
    "endpoint-type": lambda row: str(row["EndpointType"]),
    "endpoint-id": lambda row: str(row["EndpointIdentifier"]),
    "engine-name": lambda row: str(row["EngineName"]),
}


class NoSecretError(Exception):
    """The secret of an endpoint cannot be read, in DMS's words."""


@dataclass(frozen=True)
class Entry:
    """How to log in.

    Parameters
    ----------
    host, port, user, password
        As the endpoint or its secret has them.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)


class Endpoints:
    """Operations on endpoints.

    Parameters
    ----------
    store
        All of DMS's records.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations: dict[str, Callable[[Answer], Answer | None]] = {
            "CreateEndpoint": self._create,
            "DescribeEndpoints": self._describe,
            "ModifyEndpoint": self._modify,
            "DeleteEndpoint": self._delete,
        }

    def entry(self, arn: str) -> Entry:
        """How to log in at an endpoint.

        Raises
        ------
        NoSecretError
            When its secret cannot be read.
        """
        with self._store.lock:
            record = dict(self._store.endpoint(arn))
            password = record["password"]
        if record["settings"].get("SecretsManagerSecretId"):
            return self._from_secret(record["settings"])
        return Entry(record["ServerName"], record["Port"], record["Username"], password)

    def _create(self, request: Answer) -> Answer:
        naming.only(request, f"{_MEMBERS} Tags", "an endpoint")
        name = naming.identifier(request["EndpointIdentifier"], longest=255)
        with self._store.lock:
            self._must_be_new(name)
            self._store.refuse_beyond_quota("Endpoints")
            arn = self._store.new_arn("endpoint")
            record: Record = {"EndpointArn": arn, "Status": "active", "SslMode": "none"}
            record |= {"password": "", "settings": {}}
            self._fill(record, request | {"EndpointIdentifier": name})
            self._store.endpoints[arn] = record
            self._store.tags[arn] = naming.tags_of(request)
            return {"Endpoint": told(record)}

    def _describe(self, request: Answer) -> Answer:
        with self._store.lock:
            rows = naming.filtered(self._store.endpoints.values(), request, FILTERS, "Endpoints")
            page, more = naming.paged(rows, request)
            return {"Endpoints": [told(row) for row in page], **more}

    def _modify(self, request: Answer) -> Answer:
        naming.only(request, f"{_MEMBERS} EndpointArn", "an endpoint")
        with self._store.lock:
            record = self._store.endpoint(request["EndpointArn"])
            self._refuse_in_use(record, ("starting", "running", "stopping"), "is in use by a running task")
            wanted = dict(request)
            if request.get("EndpointIdentifier"):
                wanted["EndpointIdentifier"] = naming.identifier(request["EndpointIdentifier"], longest=255)
                if wanted["EndpointIdentifier"] != record["EndpointIdentifier"]:
                    self._must_be_new(wanted["EndpointIdentifier"])
            changed = json.loads(json.dumps(record))
            self._fill(changed, wanted)
            self._store.endpoints[record["EndpointArn"]] = changed
            # A connection that was tested was tested with what has changed now.
            for key in [key for key in self._store.connections if key.endswith(f" {record['EndpointArn']}")]:
                del self._store.connections[key]
            return {"Endpoint": told(changed)}

    def _delete(self, request: Answer) -> Answer:
        with self._store.lock:
            record = self._store.endpoint(request["EndpointArn"])
            arn = record["EndpointArn"]
            self._refuse_in_use(record, None, "is part of one or more ReplicationTasks")
            del self._store.endpoints[arn]
            self._store.tags.pop(arn, None)
            for key in [key for key in self._store.connections if key.endswith(f" {arn}")]:
                del self._store.connections[key]
            return {"Endpoint": told(record | {"Status": "deleting"})}

    def _must_be_new(self, name: str) -> None:
        if any(row["EndpointIdentifier"] == name for row in self._store.endpoints.values()):
            raise naming.exists(KIND, name)

    def _refuse_in_use(self, record: Record, states: tuple[str, ...] | None, why: str) -> None:
        arn = record["EndpointArn"]
        for task in self._store.tasks.values():
            if arn in (task["SourceEndpointArn"], task["TargetEndpointArn"]) and (
                states is None or task["Status"] in states
            ):
                raise naming.wrong_state(f"Endpoint {arn} {why}.")

    def _fill(self, record: Record, request: Mapping[str, Any]) -> None:
        """Write what a request says into a record, checked as a whole."""
        for name in ("EndpointIdentifier", "EndpointType", "EngineName", "ExtraConnectionAttributes"):
            if request.get(name) is not None:
                record[name] = request[name]
        if record["EngineName"] not in ENGINES:
            raise naming.invalid(
                f"The sandbox does not do endpoints of {record['EngineName']}; it does {', '.join(ENGINES)}."
            )
        record["EndpointType"] = str(record["EndpointType"]).lower()
        if record["EndpointType"] not in ("source", "target"):
            raise naming.invalid(f"Invalid endpoint type {record['EndpointType']}: source or target.")
        if request.get("SslMode") not in (None, "none"):
            raise naming.invalid(
                f"The sandbox does not do SslMode {request['SslMode']}: certificates are not imported here."
            )
        given = dict(request.get("MySQLSettings") or {})
        naming.only(given, _SETTINGS, "MySQLSettings")
        if record.get("ExtraConnectionAttributes"):
            given = _attributes(record["ExtraConnectionAttributes"]) | given
        for name in ("ServerName", "Port", "Username", "DatabaseName"):
            value = given.pop(name, None) if given.get(name) is not None else request.get(name)
            if value is not None:
                record[name] = value
        password = given.pop("Password", None) or request.get("Password")
        if password is not None:
            record["password"] = password
        record["settings"] |= given
        self._check(record)

    def _check(self, record: Record) -> None:
        settings = record["settings"]
        secret = [settings.get(name) for name in _SECRET]
        if any(secret):
            plain = [name for name in ("ServerName", "Port", "Username") if record.get(name)]
            if not all(secret) or plain or record["password"]:
                raise naming.combination(
                    f"{' and '.join(_SECRET)} go together, without server name, port, user name and password."
                )
            self._check_role(str(secret[0]))
        else:
            missing = [name for name in ("ServerName", "Port", "Username") if not record.get(name)]
            if missing or not record["password"]:
                raise naming.combination(
                    f"An endpoint of {record['EngineName']} needs {', '.join([*missing, 'Password'])}."
                )
        kind = str(settings.get("TargetDbType") or "multiple-databases").lower().replace("_", "-")
        if kind not in _DB_TYPES:
            raise naming.invalid(f"Invalid TargetDbType: one of {', '.join(_DB_TYPES)}.")
        if kind == "specific-database" and not record.get("DatabaseName"):
            raise naming.combination("TargetDbType specific-database needs DatabaseName.")

    def _check_role(self, role_arn: str) -> None:
        from ministack.services import iam

        try:
            demand(self._store.context, "iam:PassRole", role_arn)
        except RefusedError as error:
            raise ApiError("AccessDeniedFault", str(error)) from None
        role = iam._roles.get(role_arn.rpartition("/")[2])
        if role is None or not trusts(role["AssumeRolePolicyDocument"], self._principal):
            raise ApiError("AccessDeniedFault", f"The IAM Role {role_arn} is not configured properly.")

    @property
    def _principal(self) -> str:
        """Who assumes the role: DMS of this region, as its user guide says."""
        return f"dms.{self._store.context.region}.amazonaws.com"

    def _from_secret(self, settings: Mapping[str, Any]) -> Entry:
        from ministack.services import secretsmanager

        named, role = settings["SecretsManagerSecretId"], settings["SecretsManagerAccessRoleArn"]
        context = self._store.context
        with context.scope():
            _, secret = secretsmanager._resolve(named)
            if secret is None or secret.get("DeletedDate"):
                raise NoSecretError(f"Unable to find AWS Secrets Manager secret Arn '{named}'")
            if not role_may(context, role, self._principal, "secretsmanager:GetSecretValue", secret["ARN"]):
                raise NoSecretError(
                    f"Unable to find AWS Secrets Manager secret Arn '{named}' The secrets_manager get secret "
                    f"value failed: role {role} is not authorized to perform: secretsmanager:GetSecretValue"
                )
            _, version = secretsmanager._find_stage_version(secret, "AWSCURRENT")
        try:
            found = json.loads((version or {}).get("SecretString") or "")
            return Entry(found["host"], int(found["port"]), found["username"], found["password"])
        except (ValueError, KeyError, TypeError):
            # Not with the error: it would quote the secret.
            raise NoSecretError(f"The secret '{named}' holds no host, port, username and password") from None


def told(record: Record) -> Record:
    """An endpoint as the API describes it: without its password."""
    plain = {name: value for name, value in record.items() if name not in ("password", "settings")}
    settings = dict(record["settings"])
    names = ("ServerName", "Port", "Username", "DatabaseName")
    settings |= {name: record[name] for name in names if record.get(name)}
    return plain | {"EngineDisplayName": ENGINES[record["EngineName"]], "MySQLSettings": settings}


def one_database(record: Record) -> str:
    """The one database that all tables go to; empty when each goes to its schema's namesake."""
    kind = str(record["settings"].get("TargetDbType") or "").lower().replace("_", "-")
    return str(record["DatabaseName"]) if kind == "specific-database" else ""


def _attributes(text: str) -> dict[str, Any]:
    """Extra connection attributes as members of MySQLSettings."""
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, _, value = part.partition("=")
        key = name.strip().lower()
        if (
            key == "initstmt"
            and value.strip().lower().replace(" =", "=").replace("= ", "=") == _NO_FOREIGN_KEYS
        ):
            continue
        if key not in _ATTRIBUTES:
            raise naming.invalid(f"The sandbox does not do the extra connection attribute {name.strip()}.")
        if key == "parallelloadthreads" and not value.strip().isdecimal():
            raise naming.invalid("Invalid extra connection attribute: parallelLoadThreads is a number.")
        found[_ATTRIBUTES[key]] = int(value) if value.strip().isdecimal() else value.strip()
    return found

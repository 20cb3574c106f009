"""A service of our own inside MiniStack that speaks AWS's JSON 1.1 protocol.

MiniStack authenticates and authorises every request before the handler runs; for that a
service has to be known to its router, its registry and its IAM tables, which `register`
sees to. Requests are checked against botocore's own model of the service, so that what is
wrong or unknown in them is refused as AWS refuses it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tsalab.sandbox.control.context import Context

Answer = dict[str, Any]
Operation = Callable[[Answer], "Answer | None"]
Response = tuple[int, dict[str, str], bytes]

TOUCHES = (
    "app.SERVICE_HANDLERS",
    "app.SERVICE_REGISTRY",
    "app._loaded_modules",
    "app._state_map",
    "core.iam_actions.SERVICE_TO_IAM_NAMESPACE",
    "core.iam_actions.extract_resource_arn",
    "core.iam_evaluator.caller_arn",
    "core.responses._service_model",
    "core.responses.get_region",
    "core.router.SERVICE_PATTERNS",
)

_CONTENT_TYPE = "application/x-amz-json-1.1"

logger = logging.getLogger("tsalab.sandbox.json_service")


class ApiError(Exception):
    """A refusal in AWS's words.

    Parameters
    ----------
    code
        AWS's name of the error (``PipelineNotFoundException``).
    message
        What the caller reads.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class JsonService:
    """One service: its operations, its state, its place in MiniStack.

    Subclasses fill `operations` and may override `state`, `restore` and `resource`.

    Parameters
    ----------
    context
        The sandbox.
    name
        Name of the service in botocore, in IAM and in MiniStack's registry.
    target
        Prefix of the ``X-Amz-Target`` header, without the dot.
    """

    def __init__(self, context: Context, name: str, target: str) -> None:
        self.context = context
        self.name = name
        self.target = target
        self.operations: Mapping[str, Operation] = {}
        self.lock = threading.RLock()

    # What MiniStack asks of a service module.

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> Response:
        """Answer one authorised request; operations run on a worker thread, they may block."""
        del method, path, query_params
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            answer = await asyncio.to_thread(self._perform, operation, body)
        except ApiError as error:
            return refused(error)
        return answered(answer)

    def get_state(self) -> Answer | None:
        """Copy of what has to outlive the process."""
        with self.lock:
            copy: Answer = json.loads(json.dumps(self.state(), default=_plain))
            return copy

    def load_persisted_state(self, data: Answer) -> None:
        """Take back what `get_state` gave."""
        with self.lock:
            self.restore(data)

    def reset(self) -> None:
        """Forget everything."""
        with self.lock:
            self.restore({})

    # What a subclass says.

    def state(self) -> Answer:
        """What has to outlive the process, as JSON."""
        return {}

    def restore(self, data: Answer) -> None:
        """Take back `state`."""
        del data

    def resource(self, operation: str, request: Answer) -> str:
        """ARN that IAM policies are matched against; ``*`` where an operation has none."""
        del operation, request
        return "*"

    # The rest.

    def arn(self, resource: str) -> str:
        """ARN of one of the service's resources."""
        return f"arn:aws:{self.name}:{self.context.region}:{self.context.account_id}:{resource}"

    def changed(self) -> None:
        """State changed outside a request: ask for it to be saved."""
        self.context.changed()

    def _perform(self, operation: str, body: bytes) -> Answer:
        from ministack.core import responses

        model = responses._service_model(self.name)
        if operation not in model.operation_names:
            raise ApiError("UnknownOperationException", f"{self.name} has no operation {operation}.")
        perform = self.operations.get(operation)
        if perform is None:
            raise ApiError(
                "NotImplementedException",
                f"The sandbox does not do {self.name}:{operation}; AWS itself does.",
            )
        here = responses.get_region()
        if here != self.context.region:
            raise ApiError(
                "UnsupportedRegionException",
                f"The sandbox has {self.name} in {self.context.region} only, not in {here}.",
            )
        return perform(read_request(self.name, operation, body)) or {}

    def register(self) -> None:
        """Make the service known to MiniStack's router, registry, state map and IAM tables."""
        from ministack import app
        from ministack.core import iam_actions, router

        app.SERVICE_REGISTRY[self.name] = {"module": self.name}
        app.SERVICE_HANDLERS[self.name] = self.handle_request
        app._loaded_modules[self.name] = self
        app._state_map[self.name] = self.name
        router.SERVICE_PATTERNS[self.name] = {
            "target_prefixes": [f"{self.target}."],
            "host_patterns": [rf"{self.name}\."],
        }
        iam_actions.SERVICE_TO_IAM_NAMESPACE[self.name] = self.name
        inner = iam_actions.extract_resource_arn

        def resource_arn(
            service: str,
            method: str,
            path: str,
            headers: dict[str, str],
            body: bytes,
            query_params: dict[str, Any],
            region: str,
            account_id: str,
        ) -> str:
            if service != self.name:
                found: str = inner(service, method, path, headers, body, query_params, region, account_id)
                return found
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            try:
                request = json.loads(body or b"{}")
                return self.resource(operation, request if isinstance(request, dict) else {})
            except (ValueError, TypeError, AttributeError):
                return "*"  # malformed: refused right after

        iam_actions.extract_resource_arn = resource_arn


def caller() -> str:
    """ARN of who makes the request being handled."""
    from ministack.core import iam_evaluator

    arn: str = iam_evaluator.caller_arn()
    return arn


def now() -> float:
    """Time as the JSON protocol writes it: seconds since 1970."""
    return round(time.time(), 3)


def read_request(service: str, operation: str, body: bytes, invalid: str = "ValidationException") -> Answer:
    """A request's members, held against botocore's model of the operation.

    Parameters
    ----------
    service, operation
        As botocore names them.
    body
        JSON.
    invalid
        What the service calls a request that its model does not allow.

    Raises
    ------
    ApiError
        When it is no JSON, or not what the model says.
    """
    from botocore.validate import ParamValidator
    from ministack.core import responses

    shape = responses._service_model(service).operation_model(operation).input_shape
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        raise ApiError("SerializationException", "The request is not JSON.") from None
    if not isinstance(request, dict):
        raise ApiError("SerializationException", "The request is not a JSON object.")
    if shape is None:
        return request
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        raise ApiError(invalid, report.generate_report())
    decoded: Answer = _decode(shape, request)
    return decoded


def _decode(shape: Any, value: Any) -> Any:
    """The value with base64 read where the model says that it is binary."""
    if value is None:
        return None
    if shape.type_name == "structure":
        return {k: _decode(shape.members[k], v) for k, v in value.items() if k in shape.members}
    if shape.type_name == "list":
        return [_decode(shape.member, item) for item in value]
    if shape.type_name == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:
            raise ApiError("SerializationException", "A binary value is not base64.") from None
    return value


def _plain(value: object) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} is not part of an answer")


def answered(answer: Answer, content_type: str = _CONTENT_TYPE) -> Response:
    """An answer on the wire."""
    return 200, {"Content-Type": content_type}, json.dumps(answer, default=_plain).encode()


def refused(error: ApiError, status: int = 400, content_type: str = _CONTENT_TYPE) -> Response:
    """A refusal on the wire."""
    logger.debug("%s: %s", error.code, error.message)
    headers = {"Content-Type": content_type, "x-amzn-errortype": error.code}
    return status, headers, json.dumps({"__type": error.code, "message": error.message}).encode()

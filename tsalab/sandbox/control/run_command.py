"""SSM Run Command: what is sent really runs on the machine, as root.

MiniStack keeps the commands and their invocations. Ours is what it asks its Docker for: which
instances SSM manages (those whose role lets the agent in), and running a script there. One
document can be run, AWS-RunShellScript; another is refused rather than called a success.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control.blocking import Response
from tsalab.sandbox.control.borrowed import RefusedError, demand

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "app.SERVICE_HANDLERS",
    "core.concurrency.run_reentrant",
    "core.responses.error_response_json",
    "core.responses.json_response",
    "services.ec2._instances",
    "services.ec2.instance_is_managed",
    "services.iam._roles",
    "services.ssm._STDERR_LIMIT",
    "services.ssm._STDOUT_LIMIT",
    "services.ssm._commands",
    "services.ssm._finish_invocation",
    "services.ssm._now_iso",
    "services.ssm._refresh_command_status",
    "services.ssm._shell_argv",
)
DOCUMENT = "AWS-RunShellScript"
# Whose policies let the agent in. AWS knows more ways, an inline policy for one.
_AGENT = ("policy/AmazonSSMManagedInstanceCore", "policy/service-role/AmazonEC2RoleforSSM")
_PARAMETERS = {"commands", "executionTimeout", "workingDirectory"}
_TIMEOUT = "3600"  # seconds, the document's own
_KILLED = 137

logger = logging.getLogger("tsalab.sandbox.run_command")


def install(context: Context) -> None:
    """Put ourselves where MiniStack asks for a box."""
    from ministack import app
    from ministack.services import ec2, ssm

    commands = RunCommand(context)
    ec2.instance_is_managed = commands.manages
    ssm._shell_argv = lambda request: request.get("Parameters") or {}
    ssm._finish_invocation = commands.finish
    app.SERVICE_HANDLERS["ssm"] = commands.guarded(app.SERVICE_HANDLERS["ssm"])


def resume(context: Context) -> None:
    """End what ran when the sandbox stopped: nobody will any more."""
    from ministack.services import ssm

    with context.scope():
        for record in ssm._commands.values():
            for invocation in record["Invocations"].values():
                if invocation["Status"] in ("Pending", "InProgress"):
                    invocation |= {"Status": "Failed", "StatusDetails": "Terminated"}
            ssm._refresh_command_status(record)


class RunCommand:
    """Run Command of one sandbox.

    Parameters
    ----------
    context
        The sandbox.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._asked_for: set[str] = set()
        self._running: dict[tuple[str, str], Future[tuple[int | None, str, str]]] = {}
        self._cancelled: set[str] = set()

    def manages(self, instance_id: str) -> bool:
        """Whether an instance runs, and its role lets SSM's agent in."""
        from ministack.services import ec2, iam

        record = ec2._instances.get(instance_id)
        if not record or record["State"]["Name"] != "running":
            return False
        role = iam._roles.get(self.context.estate.servers.role_of(instance_id) or "")
        return role is not None and any(arn.endswith(_AGENT) for arn in role.get("AttachedPolicies", ()))

    def guarded(self, original: Any) -> Any:
        """SSM's handler, with what it would pass over in silence."""

        async def handle(method: str, path: str, headers: Any, body: Any, query: dict[str, Any]) -> Any:
            from ministack.core.concurrency import run_reentrant

            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            if operation == "CancelCommand":
                return await run_reentrant(self._cancel, json.loads(body or b"{}"))
            if operation in ("SendCommand", "GetCommandInvocation"):
                refused = await run_reentrant(self._refusal, operation, json.loads(body or b"{}"))
                if refused is not None:
                    return refused
            return await original(method, path, headers, body, query)

        return handle

    def _refusal(self, operation: str, request: Mapping[str, Any]) -> Response | None:
        from ministack.services import ssm

        if operation == "GetCommandInvocation":
            # As on AWS just after sending; whoever asks at once has to ask again.
            command = request.get("CommandId", "")
            if command in ssm._commands and command not in self._asked_for:
                self._asked_for.add(command)
                return _error("InvocationDoesNotExist", "")
            return None
        document = request.get("DocumentName", "")
        if document != DOCUMENT:
            return _error("InvalidDocument", f"The sandbox runs {DOCUMENT} alone, not {document}.")
        if unknown := set(request.get("Parameters", {})) - _PARAMETERS:
            names = ", ".join(sorted(unknown))
            return _error("InvalidParameters", f"Parameters that the document does not have: {names}")
        arn = f"arn:aws:ssm:{self.context.region}::document/{document}"
        try:
            demand(self.context, "ssm:SendCommand", arn)
        except RefusedError as error:
            return _error("AccessDeniedException", str(error))
        return None

    def _cancel(self, request: Mapping[str, Any]) -> Response:
        """``CancelCommand``: what still runs is killed; what has ended stays as it is."""
        from ministack.core.responses import json_response
        from ministack.services import ssm

        command = request.get("CommandId", "")
        if command not in ssm._commands:
            return _error("InvalidCommandId", "")
        self._cancelled.add(command)
        for (running, _), work in list(self._running.items()):
            if running == command:
                work.cancel()
        answer: Response = json_response({})
        return answer

    def finish(self, command_id: str, instance_id: str, parameters: Mapping[str, list[str]]) -> None:
        """Run one invocation to its end, and publish its result. On a thread of its own."""
        from ministack.services import ssm

        record = ssm._commands[command_id]
        invocation = record["Invocations"][instance_id]
        invocation |= {
            "Status": "InProgress",
            "StatusDetails": "InProgress",
            "ExecutionStartDateTime": ssm._now_iso(),
        }
        seconds = float((parameters.get("executionTimeout") or [_TIMEOUT])[0])
        script = "\n".join(parameters.get("commands") or [])
        began = time.monotonic()
        work = self.context.estate.servers.execute(instance_id, script, seconds)
        self._running[command_id, instance_id] = work
        if command_id in self._cancelled:  # before it began
            work.cancel()
        try:
            code, out, err = work.result()
            ended = {None: ("TimedOut", "ExecutionTimedOut"), 0: ("Success", "Success")}
            status, details = ended.get(code, ("Failed", "Failed"))
        except CancelledError:
            code, out, err = -1, "", ""
            status = details = "Cancelled"
        finally:
            del self._running[command_id, instance_id]
        invocation |= {
            "ResponseCode": _KILLED if code is None else code,
            "StandardOutputContent": out[: ssm._STDOUT_LIMIT],
            "StandardErrorContent": err[: ssm._STDERR_LIMIT],
            "ExecutionElapsedTime": f"PT{time.monotonic() - began:.3f}S",
            "ExecutionEndDateTime": ssm._now_iso(),
        }
        # Last: whoever sees that it ended must see all of the above.
        invocation["Status"], invocation["StatusDetails"] = status, details
        ssm._refresh_command_status(record)
        logger.info("command %s on %s: %s", command_id, instance_id, invocation["StatusDetails"])
        self.context.changed()


def _error(code: str, message: str) -> Response:
    from ministack.core.responses import error_response_json

    response: Response = error_response_json(code, message, 400)
    return response

"""EC2 Instance Connect: a key that opens a web server for a minute."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import asyncssh

from tsalab.sandbox.control import json_service
from tsalab.sandbox.control.json_service import Answer, ApiError, JsonService
from tsalab.sandbox.machines.machine import USER

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (*json_service.TOUCHES, "services.ec2._instances")


class InstanceConnect(JsonService):
    """The service.

    Parameters
    ----------
    context
        The sandbox.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context, "ec2-instance-connect", "AWSEC2InstanceConnectService")
        self.operations = {"SendSSHPublicKey": self._send}

    def resource(self, operation: str, request: Answer) -> str:
        """The instance's ARN, which is EC2's."""
        del operation
        where = f"{self.context.region}:{self.context.account_id}"
        return f"arn:aws:ec2:{where}:instance/{request.get('InstanceId', '*')}"

    def _send(self, request: Answer) -> Answer:
        from ministack.services import ec2

        instance_id = request["InstanceId"]
        record = ec2._instances.get(instance_id)
        if record is None:
            raise ApiError("EC2InstanceNotFoundException", f"Instance {instance_id} does not exist.")
        if record["State"]["Name"] != "running":
            raise ApiError("EC2InstanceStateInvalidException", f"Instance {instance_id} is not running.")
        try:
            asyncssh.import_public_key(request["SSHPublicKey"])
        except asyncssh.KeyImportError:
            raise ApiError("InvalidArgsException", "The SSH public key is not valid.") from None
        if request["InstanceOSUser"] == USER:  # AWS takes any name too; nobody else can log in here
            self.context.estate.servers.authorize(instance_id, request["SSHPublicKey"])
        return {"RequestId": str(uuid.uuid4()), "Success": True}


def install(context: Context) -> InstanceConnect:
    """Add the service to MiniStack.

    Parameters
    ----------
    context
        The sandbox.
    """
    service = InstanceConnect(context)
    service.register()
    return service

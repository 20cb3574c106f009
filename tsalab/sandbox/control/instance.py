"""EC2 instances that run: ``AWS::EC2::Instance`` and RunInstances start a real web server."""

from __future__ import annotations

import base64
import logging
import time
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control import placement
from tsalab.sandbox.control.blocking import Response, differing, query_actions, resource_type
from tsalab.sandbox.control.placement import Ec2Error

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TYPE = "AWS::EC2::Instance"
TOUCHES = (
    "services.ec2._discard_instance_records",
    "services.ec2._ensure_defaults_initialized",
    "services.ec2._error",
    "services.ec2._instances",
    "services.ec2._launch_instances_internal",
    "services.ec2._DEFAULT_SUBNET_ID",
    "services.ec2._instance_xml",
    "services.ec2._p",
    "services.ec2._parse_member_list",
    "services.ec2._tags",
    "services.ec2._xml",
)
_PENDING = {"Code": 0, "Name": "pending"}
_RUNNING = {"Code": 16, "Name": "running"}
_TERMINATED = {"Code": 48, "Name": "terminated"}
_STOPPING = {"Code": 64, "Name": "stopping"}
_STOPPED = {"Code": 80, "Name": "stopped"}
_REPLACES = ("AvailabilityZone", "ImageId", "KeyName", "SecurityGroupIds", "SubnetId", "UserData")

logger = logging.getLogger("tsalab.sandbox.instance")


def install(context: Context) -> None:
    """Register the resource type and the actions on instances."""
    from ministack.services import ec2

    machines = Instances(context)
    resource_type(TYPE, machines)
    query_actions(
        "ec2",
        {
            "RunInstances": machines.run_instances,
            "StartInstances": machines.start_instances,
            "StopInstances": machines.stop_instances,
            "RebootInstances": machines.reboot_instances,
            "TerminateInstances": machines.terminate_instances,
            "GetConsoleOutput": machines.console_output,
        },
        prepare=ec2._ensure_defaults_initialized,
    )


def resume(context: Context) -> None:
    """Start the servers again, and drop those whose launch was interrupted."""
    from ministack.services import ec2

    with context.scope():
        for instance_id, record in list(ec2._instances.items()):
            if record["State"]["Name"] == "pending":
                context.estate.servers.terminate(instance_id)
                record |= {"State": dict(_TERMINATED), "_terminated_at": time.time()}
    context.estate.servers.resume_all()


class Instances:
    """Instances of one sandbox."""

    def __init__(self, context: Context) -> None:
        self.context = context

    # -- CloudFormation ---------------------------------------------------------------

    def create(self, logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        """Launch an instance of a stack."""
        from ministack.services import ec2

        ec2._ensure_defaults_initialized()
        tags = [
            *({"Key": tag["Key"], "Value": str(tag["Value"])} for tag in props.get("Tags", [])),
            {"Key": "aws:cloudformation:stack-name", "Value": stack_name},
            {"Key": "aws:cloudformation:logical-id", "Value": logical_id},
        ]
        record = self.launch(
            image=props.get("ImageId", ""),
            kind=props.get("InstanceType", "m1.small"),
            subnet=props.get("SubnetId"),
            groups=list(props.get("SecurityGroupIds", [])),
            key_name=props.get("KeyName"),
            profile=props.get("IamInstanceProfile"),
            user_data=props.get("UserData", ""),
            tags=tags,
        )
        return record["InstanceId"], attributes(record)

    def update(
        self,
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> tuple[str, dict[str, str]]:
        """Change tags in place; replace the instance for what AWS replaces it for."""
        from ministack.services import ec2

        changed = differing(old, new)
        if changed & set(_REPLACES):
            return self.create(logical_id or physical_id, new, stack_name)
        if unknown := changed - {"Tags", "InstanceType"}:
            raise ValueError(f"The sandbox cannot update {', '.join(sorted(unknown))} of {TYPE}.")
        record = ec2._instances[physical_id]
        record["InstanceType"] = new.get("InstanceType", record["InstanceType"])
        kept = [tag for tag in ec2._tags.get(physical_id, []) if tag["Key"].startswith("aws:")]
        ec2._tags[physical_id] = [
            {"Key": t["Key"], "Value": str(t["Value"])} for t in new.get("Tags", [])
        ] + kept
        return physical_id, attributes(record)

    def delete(self, physical_id: str, _props: dict[str, Any]) -> None:
        """Terminate an instance of a stack."""
        self._terminate(physical_id)

    # -- EC2's own actions --------------------------------------------------------------

    def run_instances(self, p: dict[str, Any]) -> Response:
        """``RunInstances``."""
        from ministack.services import ec2

        count = int(ec2._p(p, "MaxCount") or 1)
        if count != 1:
            return _error("UnsupportedOperation", "The sandbox launches one instance a request.")
        try:
            record = self.launch(
                image=ec2._p(p, "ImageId"),
                kind=ec2._p(p, "InstanceType") or "t2.micro",
                subnet=ec2._p(p, "SubnetId") or None,
                groups=ec2._parse_member_list(p, "SecurityGroupId"),
                key_name=ec2._p(p, "KeyName") or None,
                profile=ec2._p(p, "IamInstanceProfile.Name") or ec2._p(p, "IamInstanceProfile.Arn") or None,
                user_data=ec2._p(p, "UserData") or "",
                tags=_requested_tags(p),
            )
        except Ec2Error as error:
            return _error(error.code, str(error))
        inner = (
            f"<reservationId>r-{record['InstanceId'][2:]}</reservationId>"
            f"<ownerId>{self.context.account_id}</ownerId><groupSet/>"
            f"<instancesSet>{ec2._instance_xml(record)}</instancesSet>"
        )
        response: Response = ec2._xml(200, "RunInstancesResponse", inner)
        return response

    def start_instances(self, p: dict[str, Any]) -> Response:
        """``StartInstances``."""

        def start(instance_id: str, record: dict[str, Any]) -> None:
            if record["State"]["Name"] != "running":
                self.context.estate.servers.start(instance_id)

        return self._each(p, "StartInstances", _PENDING, start, _RUNNING)

    def stop_instances(self, p: dict[str, Any]) -> Response:
        """``StopInstances``."""

        def stop(instance_id: str, record: dict[str, Any]) -> None:
            if record["State"]["Name"] != "stopped":
                self.context.estate.servers.stop(instance_id)

        return self._each(p, "StopInstances", _STOPPING, stop, _STOPPED)

    def reboot_instances(self, p: dict[str, Any]) -> Response:
        """``RebootInstances``."""

        def reboot(instance_id: str, _record: dict[str, Any]) -> None:
            self.context.estate.servers.stop(instance_id)
            self.context.estate.servers.start(instance_id)

        response = self._each(p, "RebootInstances", None, reboot, None)
        return response if response[0] >= 400 else _answer("RebootInstances", "<return>true</return>")

    def terminate_instances(self, p: dict[str, Any]) -> Response:
        """``TerminateInstances``."""
        before = dict(_STOPPING) | {"Code": 32, "Name": "shutting-down"}
        return self._each(p, "TerminateInstances", before, lambda i, _record: self._terminate(i), _TERMINATED)

    def console_output(self, p: dict[str, Any]) -> Response:
        """``GetConsoleOutput``: what the machine printed at its last start."""
        from ministack.services import ec2

        instance_id = ec2._p(p, "InstanceId")
        if instance_id not in ec2._instances:
            return _error("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")
        found = self.context.estate.servers.console(instance_id)
        text, printed = found or ("", time.time())
        inner = f"<instanceId>{instance_id}</instanceId><timestamp>{_timestamp(printed)}</timestamp>"
        if text:
            inner += f"<output>{base64.b64encode(text.encode()).decode()}</output>"
        return _answer("GetConsoleOutput", inner)

    def _each(
        self,
        p: dict[str, Any],
        action: str,
        during: dict[str, Any] | None,
        do: Any,
        after: dict[str, Any] | None,
    ) -> Response:
        from ministack.services import ec2

        ids = ec2._parse_member_list(p, "InstanceId")
        for instance_id in ids:
            record = ec2._instances.get(instance_id)
            if record is None:
                return _error("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")
            if record["State"]["Name"] == "terminated" and action != "TerminateInstances":
                return _error(
                    "IncorrectInstanceState",
                    f"The instance '{instance_id}' is not in a state from which it can be changed.",
                )
        items = ""
        for instance_id in ids:
            record = ec2._instances[instance_id]
            previous = record["State"]
            if during is not None:
                record["State"] = dict(during)
            try:
                do(instance_id, {**record, "State": previous})
            except BaseException:
                record["State"] = previous
                raise
            if after is not None:
                record["State"] = dict(after)
            items += (
                f"<item><instanceId>{instance_id}</instanceId>"
                f"<previousState><code>{previous['Code']}</code><name>{previous['Name']}</name></previousState>"
                f"<currentState><code>{record['State']['Code']}</code>"
                f"<name>{record['State']['Name']}</name></currentState></item>"
            )
        return _answer(action, f"<instancesSet>{items}</instancesSet>")

    # -- what both do -------------------------------------------------------------------

    def launch(
        self,
        *,
        image: str,
        kind: str,
        subnet: str | None,
        groups: list[str],
        key_name: str | None,
        profile: str | None,
        user_data: str,
        tags: list[dict[str, str]],
    ) -> dict[str, Any]:
        """Check everything named, then launch a server and return its record, running.

        Raises
        ------
        Ec2Error
            When something named does not exist.
        """
        from ministack.services import ec2

        authorized_key = placement.key(key_name)
        placement.check_placement(image, subnet, groups)
        instance_profile, role = placement.profile(profile)
        record: dict[str, Any] = ec2._launch_instances_internal(
            image_id=image,
            instance_type=kind,
            subnet_id=subnet or ec2._DEFAULT_SUBNET_ID,
            count=1,
            key_name=key_name or "",
            user_data=user_data,
            sg_ids=groups,
            requested_private_ip=placement.private_address(subnet),
            iam_profile=instance_profile,
        )[0]
        instance_id = record["InstanceId"]
        placement.address(record, self.context.region)
        record["State"] = dict(_PENDING)
        ec2._tags[instance_id] = tags
        try:
            self.context.estate.servers.launch(
                instance_id,
                name=next((tag["Value"] for tag in tags if tag["Key"] == "Name"), instance_id),
                public_dns=record["PublicDnsName"],
                user_data=placement.decoded(user_data),
                key_name=key_name,
                authorized_key=authorized_key,
                role=role,
                region=self.context.region,
                account_id=self.context.account_id,
                env={},
            )
        except BaseException:
            ec2._discard_instance_records(record)
            raise
        record["State"] = dict(_RUNNING)
        logger.info("instance %s runs as %s", instance_id, record["PublicDnsName"])
        self.context.changed()
        return record

    def _terminate(self, instance_id: str) -> None:
        from ministack.services import ec2

        record = ec2._instances.get(instance_id)
        if record is None or record["State"]["Name"] == "terminated":
            return
        self.context.estate.servers.terminate(instance_id)
        record |= {"State": dict(_TERMINATED), "_terminated_at": time.time()}
        self.context.changed()


def attributes(record: dict[str, Any]) -> dict[str, str]:
    """What ``Fn::GetAtt`` reads of an instance."""
    return {
        "InstanceId": record["InstanceId"],
        "AvailabilityZone": record["Placement"]["AvailabilityZone"],
        "PrivateDnsName": record["PrivateDnsName"],
        "PrivateIp": record["PrivateIpAddress"],
        "PublicDnsName": record["PublicDnsName"],
        "PublicIp": record["PublicIpAddress"],
        "VpcId": record["VpcId"],
    }


def _timestamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def _requested_tags(p: dict[str, Any]) -> list[dict[str, str]]:
    from ministack.services import ec2

    tags = []
    spec = 1
    while kind := ec2._p(p, f"TagSpecification.{spec}.ResourceType"):
        number = 1
        while key := ec2._p(p, f"TagSpecification.{spec}.Tag.{number}.Key"):
            value = ec2._p(p, f"TagSpecification.{spec}.Tag.{number}.Value") or ""
            if kind == "instance":
                tags.append({"Key": key, "Value": value})
            number += 1
        spec += 1
    return tags


def _answer(action: str, inner: str) -> Response:
    from ministack.services import ec2

    response: Response = ec2._xml(200, f"{action}Response", inner)
    return response


def _error(code: str, message: str) -> Response:
    from ministack.services import ec2

    response: Response = ec2._error(code, message, 400)
    return response

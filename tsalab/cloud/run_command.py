"""SSM Run Command: run a shell script on an instance that nobody reaches over the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.cloud.waiting import poll
from tsalab.errors import CloudError
from tsalab.messages import say

DOCUMENT = "AWS-RunShellScript"
# Characters that GetCommandInvocation gives of the output and of the errors.
MOST, MOST_ERRORS = 24000, 8000
_ENDED = {"Success", "Failed", "Cancelled", "TimedOut"}
_DELIVERY = 60.0  # seconds until the agent has taken a command; AWS takes no less than 30
_SLACK = 30.0


@dataclass(frozen=True)
class Ran:
    """What a script did.

    Attributes
    ----------
    status
        Its exit status.
    stdout, stderr
        What it printed; root's own words.
    cut
        Whether there was more than Run Command keeps.
    """

    status: int
    stdout: str
    stderr: str
    cut: bool


class RunCommand:
    """Run Command for one instance.

    Parameters
    ----------
    account, instance
        Which.
    """

    def __init__(self, account: Account, instance: str) -> None:
        self._account, self.instance = account, instance

    @property
    def _api(self) -> Any:
        return self._account.client("ssm")

    def managed(self) -> bool:
        """Whether SSM's agent answers on the instance.

        Raises
        ------
        CloudError
            When AWS refuses to tell.
        """
        mine = [{"Key": "InstanceIds", "Values": [self.instance]}]
        with self._account.doing(say("cloud.doing.managed", instance=self.instance)):
            found = self._api.describe_instance_information(Filters=mine)["InstanceInformationList"]
        return any(row["InstanceId"] == self.instance and row["PingStatus"] == "Online" for row in found)

    def run(self, script: str, seconds: float) -> Ran:
        """Run a script as root and wait for its end.

        Parameters
        ----------
        script
            For ``sh``. AWS keeps it in the account's history: no secret may be in it.
        seconds
            After which the agent kills it.

        Raises
        ------
        CloudError
            When AWS refuses, or the script did not run to its end.
        KeyboardInterrupt
            When it is interrupted; the command is cancelled then.
        """
        command = self._sent(script, seconds)
        try:
            found, ended = poll(
                lambda: self._invocation(command),
                lambda row: row.get("Status") in _ENDED,
                seconds=seconds + _DELIVERY + _SLACK,
            )
        except KeyboardInterrupt:
            self._cancel(command)
            raise
        if not ended or found["Status"] not in ("Success", "Failed"):
            details = found.get("StatusDetails", "") or say("cloud.command_unseen")
            raise CloudError.command_not_run(self.instance, command, details)
        out, err = found["StandardOutputContent"], found["StandardErrorContent"]
        return Ran(found["ResponseCode"], out, err, len(out) >= MOST or len(err) >= MOST_ERRORS)

    def _sent(self, script: str, seconds: float) -> str:
        with self._account.doing(say("cloud.doing.send_command", instance=self.instance)):
            try:
                answer = self._api.send_command(
                    InstanceIds=[self.instance],
                    DocumentName=DOCUMENT,
                    TimeoutSeconds=int(_DELIVERY),
                    Parameters={"commands": [script], "executionTimeout": [str(max(1, round(seconds)))]},
                )
            except ClientError as error:
                if error_code(error) == "InvalidInstanceId":
                    raise CloudError.unmanaged(self.instance) from None
                raise
        return str(answer["Command"]["CommandId"])

    def _cancel(self, command: str) -> None:
        with self._account.doing(say("cloud.doing.cancel_command", command=command)):
            self._api.cancel_command(CommandId=command, InstanceIds=[self.instance])

    def _invocation(self, command: str) -> dict[str, Any]:
        """How far a command is; empty while AWS does not know it yet."""
        with self._account.doing(say("cloud.doing.command", command=command)):
            try:
                answer: dict[str, Any] = self._api.get_command_invocation(
                    CommandId=command, InstanceId=self.instance
                )
            except ClientError as error:
                if error_code(error) == "InvocationDoesNotExist":
                    return {}
                raise
        return answer

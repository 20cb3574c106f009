"""EC2 Instance Connect: let a public key into an instance for a minute."""

from __future__ import annotations

from tsalab.cloud.account import Account
from tsalab.messages import say


def admit(account: Account, instance_id: str, user: str, public_key: str) -> None:
    """Let a key in for the 60 seconds that AWS gives it; a login within them lasts.

    Parameters
    ----------
    account, instance_id
        Where.
    user
        Login name on the instance.
    public_key
        In OpenSSH's form.

    Raises
    ------
    CloudError
        When AWS refuses, or the region or the instance has no Instance Connect.
    """
    with account.doing(say("cloud.doing.instance_connect", instance=instance_id)):
        account.client("ec2-instance-connect").send_ssh_public_key(
            InstanceId=instance_id, InstanceOSUser=user, SSHPublicKey=public_key
        )

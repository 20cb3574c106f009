"""An instance's console output, and the host keys that cloud-init printed on it.

Only the machine itself writes there and only AWS hands it out, over HTTPS: so it can say what
the machine's keys are before anybody has connected to it.
"""

from __future__ import annotations

import re

from tsalab.cloud.account import Account
from tsalab.messages import say

# Between these lines cloud-init (cc_keys_to_console) prints the public keys, one a line. The kernel
# and other programs write to the same console, also in between.
_BLOCK = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)
_KEY = re.compile(r"^\s*((?:ssh|ecdsa)-[\w@.-]+ AAAA[\w+/=]+)(?:\s|$)", re.MULTILINE)


def host_keys(account: Account, instance: str) -> tuple[str, ...]:
    """Public host keys that an instance printed on its console; none while AWS has no output of it.

    AWS posts the output some minutes after the start, and cloud-init prints the keys at an
    instance's first start alone.

    Parameters
    ----------
    account, instance
        Whose.

    Raises
    ------
    CloudError
        When AWS refuses.
    """
    with account.doing(say("cloud.doing.console_output", instance=instance)):
        answer = account.client("ec2").get_console_output(InstanceId=instance)
    return printed_keys(answer.get("Output", ""))


def printed_keys(output: str) -> tuple[str, ...]:
    """The keys of the last complete block in an output.

    Parameters
    ----------
    output
        The console's text.
    """
    blocks = _BLOCK.findall(output)
    return tuple(_KEY.findall(blocks[-1])) if blocks else ()

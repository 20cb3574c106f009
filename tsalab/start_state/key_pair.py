"""The key pair that opens the web server."""

from __future__ import annotations

from pathlib import Path

from tsalab.cloud.account import Account
from tsalab.cloud.inventory import TAG
from tsalab.files import write_private
from tsalab.messages import say
from tsalab.start_state.run import KEY_NAME, Run


def default_file(account: Account, name: str = KEY_NAME) -> Path:
    """Where the private key goes: beside the profile's own ``ssh_config``, else into ``~/.ssh``."""
    folder = account.ssh_config.parent if account.ssh_config else Path.home() / ".ssh"
    return folder / f"{name}.pem"


def create(run: Run, file: Path, *, unused: bool) -> None:
    """Create the key pair and save its private key, unless it is there.

    A key pair whose file is lost opens nothing. One that we made is made anew, as long as no
    server has been started with it (`unused`).
    """
    api, name = run.account.client("ec2"), run.names.key_pair
    with run.account.doing(say("cloud.doing.key_pair_create", name=name)):
        pairs = api.describe_key_pairs().get("KeyPairs", [])
        found = [pair for pair in pairs if pair["KeyName"] == name]
        if found and (file.exists() or not unused or TAG not in found[0].get("Tags", [])):
            there = say(
                "start_state.key_pair_there" if file.exists() else "start_state.key_pair_lost",
                name=name,
                file=file,
            )
            run.tell(say("start_state.part.key_pair"), there)
            return
        if found:
            api.delete_key_pair(KeyName=name)
        made = api.create_key_pair(
            KeyName=name,
            KeyType="ed25519",
            TagSpecifications=[{"ResourceType": "key-pair", "Tags": [TAG]}],
        )
    write_private(file, made["KeyMaterial"].rstrip("\n") + "\n")
    run.tell(say("start_state.part.key_pair"), say("start_state.key_pair_created", name=name, file=file))

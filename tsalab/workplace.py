"""The working folder, and the lab that it belongs to."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tsalab.cloud.account import Account
from tsalab.cloud.inventory import Names
from tsalab.cloud.stacks import Stack
from tsalab.files import replace_bytes
from tsalab.profiles import Profile
from tsalab.steps import Place

STATE = ".tsalab"  # the folder in it that is ours


def place_at(
    profile: Profile,
    workdir: str,
    *,
    method: str = "dump",
    region: str = "",
    variant: str = "",
    bootstrap: str = "",
) -> Place:
    """The place of a lab, without a question to AWS.

    What was once asked for holds for every later look at the folder, by whatever command.

    Parameters
    ----------
    profile, workdir, method, region, variant, bootstrap
        As the table in `tsalab.parameters` says.
    """
    folder = Path(workdir or Path("work") / profile.name).expanduser().absolute()
    place = Place(Account(profile, region or None), folder, method=method)
    known = remembered(place)
    place.variant = variant or known.get("variant", "") or place.account.variant
    place.asked = _names(known.get("names", {}), bootstrap)
    return place


def _names(known: dict[str, Any], bootstrap: str) -> Names:
    names = Names()
    if known:
        names = Names(
            tuple(known["stacks"]), tuple(known["repositories"]), known["key_pair"], known["bucket"]
        )
    if bootstrap and bootstrap != names.bootstrap:
        return Names(stacks=(Names().gallery, bootstrap))
    return names


def _file(place: Place) -> Path:
    return place.workdir / STATE / "lab.json"


def remembered(place: Place) -> dict[str, Any]:
    """What the working folder says of its lab; empty before there is one."""
    path = _file(place)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def remember(place: Place, **facts: str) -> None:
    """Write down what later looks at the folder have to know: the run, its stack, its names."""
    known = remembered(place)
    if not known:
        state = Stack(place.account, place.stack).state()
        known = {"run": secrets.token_hex(16), "stack": state.stack_id if state else ""}
    path = _file(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(known | {"names": asdict(place.names)} | facts)
    replace_bytes(path, content.encode())  # whole, whenever the kernel is killed


def run_nonce(place: Place) -> str:
    """The run that this folder belongs to: made once, with the stack it is about."""
    if not remembered(place):
        remember(place)
    return str(remembered(place)["run"])


def set_aside(place: Place) -> Path | None:
    """Move the folder of another stack away: its files and its clone belong elsewhere."""
    if not (known := remembered(place)):
        return None
    mine = known["stack"]
    state = Stack(place.account, place.stack).state()
    if state is None or not mine or state.stack_id == mine:
        return None
    number = 1
    while (aside := place.workdir.with_name(f"{place.workdir.name}.{number}")).exists():
        number += 1
    place.workdir.rename(aside)
    return aside

"""Task settings: what of them is acted on, what changes nothing here, and what is refused.

After "Specifying task settings" in the DMS user guide. Whoever pastes AWS's whole example gets
a task; whoever asks for something that would not happen is told so when the task is made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tsalab.sandbox.control.dms.naming import invalid

DROP, TRUNCATE, NOTHING = "DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD", "DO_NOTHING"
_MODES = (DROP, TRUNCATE, NOTHING)
MOST_WRITERS = 8  # connections that the engine writes on; AWS allows 49 tables at a time
_SWITCHES = ("StopTaskCachedChangesApplied", "StopTaskCachedChangesNotApplied")
DEFAULTS: dict[str, dict[str, Any]] = {
    "TargetMetadata": {"SupportLobs": True, "FullLobMode": True, "LimitedSizeLobMode": False},
    "FullLoadSettings": {
        "TargetTablePrepMode": DROP,
        "MaxFullLoadSubTasks": 8,
        "StopTaskCachedChangesApplied": False,
        "StopTaskCachedChangesNotApplied": False,
    },
    "ValidationSettings": {"EnableValidation": False},
    "Logging": {"EnableLogging": False},
}
# Accepted, and nothing comes of it: the engine always does better, or what they tune is not here.
IGNORED: dict[str, str] = {
    "TargetMetadata": "large values always go over whole, whatever their size",
    "ControlTablesSettings": "the engine keeps its own notes on the target",
    "StreamBufferSettings": "there is one stream, bounded by itself",
    "ChangeProcessingTuning": "transactions are applied whole and in their order",
    "ErrorBehavior": "a table that fails is set aside, a lost connection is tried again",
    "FullLoadSettings": "keys are always made after the rows, and blocks are sized by their bytes",
    "ChangeProcessingDdlHandlingPolicy": "what the engine cannot apply stops the task with its reason",
}
# Accepted only with the value that says that nothing is asked for.
_NOT_DONE: dict[tuple[str, str], tuple[Any, ...]] = {
    ("TargetMetadata", "TargetSchema"): ("", None),
    ("TargetMetadata", "SupportLobs"): (True,),
    ("TargetMetadata", "BatchApplyEnabled"): (False,),
    ("TargetMetadata", "TaskRecoveryTableEnabled"): (False,),
    ("FullLoadSettings", "CreatePkAfterFullLoad"): (False,),
    ("ControlTablesSettings", "historyTableEnabled"): (False,),
    ("ControlTablesSettings", "SuspendedTablesTableEnabled"): (False,),
    ("ControlTablesSettings", "StatusTableEnabled"): (False,),
    ("ValidationSettings", "ValidationOnly"): (False,),
    ("Logging", "EnableLogging"): (False,),
    ("TTSettings", "EnableTT"): (False,),
}
_QUIET = {"TTSettings", "Logging", "ValidationSettings"}  # their other members say how, not whether
# Accepted only when they are empty.
_NONE = {
    "BeforeImageSettings",
    "CharacterSetSettings",
    "FailTaskWhenCleanTaskResourceFailed",
    "LoopbackPreventionSettings",
    "PostProcessingRules",
}


@dataclass(frozen=True)
class TaskSettings:
    """What the engine is told.

    Parameters
    ----------
    prepare
        What becomes of tables that the target has already.
    writers
        Connections that write.
    validate
        Whether the state of validation is reported; every block is proven in any case.
    stop_after
        ``""``, or when a task with change data capture stops by itself: ``applied`` (what
        changed during the full load) or ``loaded`` (before that).
    """

    prepare: str = DROP
    writers: int = 3
    validate: bool = False
    stop_after: str = ""


def complete(text: str | None) -> str:
    """Settings as a task describes them: what was given, over the defaults.

    Raises
    ------
    ApiError
        When they are no such JSON, or ask for what is not done.
    """
    given = _parsed(text)
    merged = {name: dict(members) for name, members in DEFAULTS.items()}
    for section, members in given.items():
        if section in _NONE:
            if members not in (None, False, "", {}, []):
                raise invalid(f"The sandbox does not do the task settings {section}.")
            continue
        if not isinstance(members, dict):
            raise invalid(f"Invalid task settings: {section} is not an object.")
        for name, value in members.items():
            _check(section, name, value)
        merged[section] = merged.get(section, {}) | members
    read(json.dumps(merged))
    return json.dumps(merged)


def read(text: str) -> TaskSettings:
    """What a task's settings say.

    Raises
    ------
    ApiError
        When a value is none that AWS knows.
    """
    settings = _parsed(text)
    load: dict[str, Any] = settings["FullLoadSettings"]
    mode = load["TargetTablePrepMode"]
    if mode not in _MODES:
        raise invalid(f"Invalid task settings: TargetTablePrepMode must be one of {', '.join(_MODES)}.")
    tables = load["MaxFullLoadSubTasks"]
    if not isinstance(tables, int) or not 1 <= tables <= 49:
        raise invalid("Invalid task settings: MaxFullLoadSubTasks must be from 1 to 49.")
    applied, loaded = (load[name] for name in _SWITCHES)
    if not isinstance(applied, bool) or not isinstance(loaded, bool) or (applied and loaded):
        raise invalid(f"Invalid task settings: of {' and '.join(_SWITCHES)} one at most is true.")
    validate = settings["ValidationSettings"].get("EnableValidation")
    if not isinstance(validate, bool):
        raise invalid("Invalid task settings: EnableValidation must be true or false.")
    stop = "applied" if applied else "loaded" if loaded else ""
    return TaskSettings(mode, min(tables, MOST_WRITERS), validate, stop)


def _check(section: str, name: str, value: Any) -> None:
    if (section, name) in _NOT_DONE:
        if value not in _NOT_DONE[section, name]:
            raise invalid(f"The sandbox does not do the task setting {section}.{name} = {json.dumps(value)}.")
        return
    if name not in DEFAULTS.get(section, {}) and section not in IGNORED and section not in _QUIET:
        raise invalid(f"The sandbox does not know the task setting {section}.{name}.")


def _parsed(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise invalid("Invalid task settings: Invalid json.")
    return found

"""Task settings: honoured, accepted with a reason, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tsalab.sandbox.control.dms import task_settings
from tsalab.sandbox.control.json_service import ApiError

# The parts of the user guide's example that everybody pastes.
EXAMPLE = {
    "TargetMetadata": {
        "TargetSchema": "", "SupportLobs": True, "FullLobMode": False, "LobChunkSize": 0,
        "LimitedSizeLobMode": True, "LobMaxSize": 32, "BatchApplyEnabled": False,
    },
    "FullLoadSettings": {
        "TargetTablePrepMode": "DO_NOTHING", "CreatePkAfterFullLoad": False,
        "StopTaskCachedChangesApplied": False, "StopTaskCachedChangesNotApplied": False,
        "MaxFullLoadSubTasks": 4, "TransactionConsistencyTimeout": 600, "CommitRate": 10000,
    },
    "Logging": {"EnableLogging": False},
    "ControlTablesSettings": {"ControlSchema": "", "historyTableEnabled": False},
    "StreamBufferSettings": {"StreamBufferCount": 3, "StreamBufferSizeInMB": 8},
    "ChangeProcessingTuning": {"BatchApplyPreserveTransaction": True, "CommitTimeout": 1},
    "ChangeProcessingDdlHandlingPolicy": {"HandleSourceTableDropped": True},
    "ErrorBehavior": {"DataErrorPolicy": "LOG_ERROR"},
    "ValidationSettings": {"EnableValidation": True, "ThreadCount": 5},
    "BeforeImageSettings": None,
}  # fmt: skip

SWITCHES = ("StopTaskCachedChangesApplied", "StopTaskCachedChangesNotApplied")


def read(settings: dict[str, Any] | None) -> task_settings.TaskSettings:
    return task_settings.read(task_settings.complete(None if settings is None else json.dumps(settings)))


def test_without_settings_they_are_awss() -> None:
    assert read(None) == task_settings.TaskSettings("DROP_AND_CREATE", 8, validate=False, stop_after="")


def test_the_whole_example_is_taken_and_its_main_parts_honoured() -> None:
    assert read(EXAMPLE) == task_settings.TaskSettings("DO_NOTHING", 4, validate=True, stop_after="")
    described = json.loads(task_settings.complete(json.dumps(EXAMPLE)))
    assert described["FullLoadSettings"]["CommitRate"] == 10000
    assert read({"FullLoadSettings": {"StopTaskCachedChangesApplied": True}}).stop_after == "applied"
    assert read({"FullLoadSettings": {"MaxFullLoadSubTasks": 49}}).writers == task_settings.MOST_WRITERS


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"FullLoadSettings": {"TargetTablePrepMode": "SOMETHING"}}, "TargetTablePrepMode"),
        ({"FullLoadSettings": {"MaxFullLoadSubTasks": 50}}, "from 1 to 49"),
        ({"FullLoadSettings": {"CreatePkAfterFullLoad": True}}, "CreatePkAfterFullLoad"),
        ({"FullLoadSettings": dict.fromkeys(SWITCHES, True)}, "one at most"),
        ({"TargetMetadata": {"TargetSchema": "x"}}, "TargetSchema"),
        ({"Logging": {"EnableLogging": True}}, "EnableLogging"),
        ({"ValidationSettings": {"ValidationOnly": True}}, "ValidationOnly"),
        ({"BeforeImageSettings": {"EnableBeforeImage": True}}, "BeforeImageSettings"),
        ({"Colour": {"Green": True}}, "Colour.Green"),
        ({"Logging": []}, "not an object"),
    ],
)  # fmt: skip
def test_what_would_not_happen_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ApiError, match=says):
        read(settings)


def test_no_json_is_refused() -> None:
    with pytest.raises(ApiError, match="Invalid json"):
        task_settings.complete("nonsense")


def test_every_setting_that_is_ignored_says_why() -> None:
    assert all(reason for reason in task_settings.IGNORED.values())

"""How far a task is: what its process tells, kept in the task's record, and told by the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tsalab.sandbox.control.dms.naming import Record
from tsalab.sandbox.control.json_service import now

LOADING = ("Before load", "Full load", "Table is being reloaded")
COMPLETED, ERROR, BEFORE = "Table completed", "Table error", "Before load"
COUNTS = ("Inserts", "Updates", "Deletes", "Ddls")


def new() -> Record:
    """Nothing has been done yet."""
    return {"tables": {}, "started": None, "fresh": None, "stopped": None, "loading": None, "loaded": None}


def begin(progress: Record, *, fresh: bool) -> None:
    """A process begins."""
    progress["started"], progress["stopped"] = now(), None
    if fresh:
        progress |= {"tables": {}, "fresh": progress["started"], "loading": None, "loaded": None}


def tables(progress: Record, listed: list[list[Any]]) -> None:
    """The process knows which tables it takes."""
    progress["loading"] = progress["loading"] or now()
    for schema, table, rows in listed:
        known = progress["tables"].get(_key(schema, table))
        if known is None:
            counts = {f"{kind}{name}": 0 for kind in ("", "Applied") for name in COUNTS}
            progress["tables"][_key(schema, table)] = counts | {
                "schema": schema, "table": table, "state": BEFORE, "rows": 0, "total": rows,
                "begun": None, "ended": None, "updated": now(),
            }  # fmt: skip


def table(progress: Record, event: Mapping[str, Any]) -> None:
    """A table got further."""
    row = progress["tables"].get(_key(event["schema"], event["table"]))
    if row is None:
        return
    row["state"], row["updated"] = event["state"], now()
    if event["state"] != BEFORE:
        row["begun"] = row["begun"] or now()
    if event["state"] in (COMPLETED, ERROR):
        row["ended"] = now()
    row["rows"] = max(row["rows"], event["rows"])
    row["total"] = max(event["total"], row["rows"]) or row["total"]


def changes(progress: Record, event: Mapping[str, Any]) -> None:
    """Changes of a table were applied: how many of each kind so far, since the task began."""
    if _key(event["schema"], event["table"]) not in progress["tables"]:  # it was made since
        tables(progress, [[event["schema"], event["table"], 0]])
        progress["tables"][_key(event["schema"], event["table"])]["state"] = COMPLETED
    row = progress["tables"][_key(event["schema"], event["table"])]
    for name in COUNTS:
        row[name] = row[f"Applied{name}"] = event[name]
    row["updated"] = now()


def loaded(progress: Record) -> None:
    """The full load is done."""
    progress["loaded"] = now()


def ended(progress: Record) -> None:
    """The process is gone; a table that it was at stays where it is."""
    progress["stopped"] = now()


def stats(progress: Record) -> Record:
    """``ReplicationTaskStats``."""
    rows = list(progress["tables"].values())
    states = [row["state"] for row in rows]
    total = sum(row["total"] for row in rows)
    done = sum(row["total"] if row["state"] == COMPLETED else min(row["rows"], row["total"]) for row in rows)
    whole = bool(rows) and all(state in (COMPLETED, ERROR) for state in states)
    percent = 100 if whole else min(99, int(100 * done / total)) if total else 0
    begun, until = progress["started"], progress["stopped"] or now()
    told = {
        "FullLoadProgressPercent": percent,
        "ElapsedTimeMillis": int(1000 * (until - begun)) if begun else 0,
        "TablesLoaded": states.count(COMPLETED),
        "TablesLoading": sum(state in LOADING[1:] for state in states),
        "TablesQueued": states.count(BEFORE),
        "TablesErrored": states.count(ERROR),
    }
    moments = {
        "FreshStartDate": "fresh",
        "StartDate": "started",
        "StopDate": "stopped",
        "FullLoadStartDate": "loading",
        "FullLoadFinishDate": "loaded",
    }
    return told | {name: progress[key] for name, key in moments.items() if progress[key]}


def statistics(progress: Record, *, validated: bool) -> list[Record]:
    """``TableStatistics`` of every table.

    Parameters
    ----------
    progress
        Of the task.
    validated
        Whether the task's settings ask for validation; the engine proves each block before its
        commit, so a table that was loaded has been validated, and not what changed since.
    """
    return [_told(row, validated=validated) for row in progress["tables"].values()]


def _told(row: Record, *, validated: bool) -> Record:
    changed = any(row[name] for name in COUNTS)
    state = "Not enabled"
    if validated:
        done = "Pending revalidation" if changed else "Validated"
        state = {COMPLETED: done, ERROR: ERROR}.get(row["state"], "Pending validation")
    counts = {name: row[name] for name in row if name.removeprefix("Applied") in COUNTS}
    told = counts | {
        "SchemaName": row["schema"],
        "TableName": row["table"],
        "FullLoadRows": row["rows"],
        "FullLoadCondtnlChkFailedRows": 0,
        "FullLoadErrorRows": 0,
        "FullLoadReloaded": False,
        "LastUpdateTime": row["updated"],
        "TableState": row["state"],
        "ValidationPendingRecords": 0,
        "ValidationFailedRecords": 0,
        "ValidationSuspendedRecords": 0,
        "ValidationState": state,
    }
    moments = {"FullLoadStartTime": row["begun"], "FullLoadEndTime": row["ended"]}
    return told | {name: moment for name, moment in moments.items() if moment}


def _key(schema: str, table: str) -> str:
    return f"{schema}.{table}"

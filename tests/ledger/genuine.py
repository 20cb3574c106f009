"""Ledgers as a sandbox writes them, with the library's own hand."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tsalab.ledger import Chain, Commission, Looked, bundle, chain, sealed

BEGAN = datetime(2026, 11, 25, 9, tzinfo=UTC)
ACCOUNT = "111122223333"
STEPS = tuple(range(1, 31))
# What happens in a lab, by the minute.
HAPPENED: tuple[tuple[int, str, Mapping[str, Any]], ...] = (
    (0, "began", {"sandbox": "ada", "learner": "Ada", "aside": ""}),
    (7, "pipeline", {"name": "P", "execution": "1", "status": "Started", "trigger": "bucket/infra.yml.zip"}),
    (8, "pipeline", {"name": "P", "execution": "1", "status": "Succeeded", "sources": {"Source": "v1"}}),
    (11, "login", {"machine": "i-1"}),
    (23, "branch", {"repository": "TSAGallery-API", "branch": "master", "commit": "c" * 40}),
    (27, "app", {"machine": "i-1", "running": ["./bin/www.js"]}),
    (28, "database", {"server": "i-1", "state": "stopped"}),
    (29, "sealing", {"run": "a" * 32}),
)


def ledger(
    folder: Path,
    issuer: Ed25519PrivateKey | None,
    *,
    learner: str = "Ada",
    sandbox: str = "ada",
    account: str = ACCOUNT,
    run: str = "a" * 32,
    failed: Collection[int] = (),
    began: datetime = BEGAN,
    commission: Commission | None = None,
) -> bytes:
    """A sealed ledger of a lab of half an hour."""
    clock = [began]
    with pytest.MonkeyPatch.context() as patch:
        for module in (chain, bundle):
            patch.setattr(module, "utc_now", lambda: clock[0])
        written = Chain(Path(tempfile.mkdtemp(dir=folder)) / "ledger.jsonl")
        for minute, what, facts in HAPPENED:
            clock[0] = began + timedelta(minutes=minute)
            written.add(what, facts)
        clock[0] = began + timedelta(minutes=30)
        lines, head = written.lines()
        written.close()
        return sealed(
            lines,
            head,
            commission or Commission.issue(issuer, learner, sandbox),
            account=account,
            region="us-west-2",
            run=run,
            steps=[Looked(step, step not in failed, f"step {step} as it is") for step in STEPS],
        )


def edited(data: bytes) -> bytes:
    """One entry says another thing."""
    return data.replace(b"infra.yml.zip", b"other.yml.zip")


def removed(data: bytes) -> bytes:
    """One entry is gone."""
    lines = data.splitlines(keepends=True)
    return b"".join(lines[:3] + lines[4:])


def reordered(data: bytes) -> bytes:
    """Two entries have changed places."""
    lines = data.splitlines(keepends=True)
    lines[2], lines[3] = lines[3], lines[2]
    return b"".join(lines)

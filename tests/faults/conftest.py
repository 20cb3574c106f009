"""A lab in this process, on a sandbox that the whole module shares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tsalab.errors import TsalabError
from tsalab.lab import Lab

CALLS = (
    "infra.open()",
    'infra.add("database-subnet-group")',
    'infra.add("database-secret")',
    'infra.add("database-cluster")',
    'infra.add("read-secrets-policy")',
)


@contextmanager
def opened(sandbox: Any, workdir: Path, **given: str) -> Iterator[Lab]:
    """A lab whose profile is found where AWS tools look."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, sandbox.env[name])
        lab = Lab.open(sandbox.name, workdir=str(workdir), **given)
        try:
            yield lab
        finally:
            lab.close()


def refused(call: Any) -> TsalabError:
    """The error that a call ends with; it must say what, why and next."""
    with pytest.raises(TsalabError) as caught:
        call()
    error = caught.value
    assert error.what
    assert error.why
    assert error.next_step
    return error

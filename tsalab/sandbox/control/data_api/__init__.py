"""The Data API (``rds-data``): SQL over HTTPS on the clusters' real databases.

What it does, and which limits it has, is of Aurora's user guide ("Using the Amazon RDS Data
API") and of the service's model; `service` says where the two versions of Aurora differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsalab.sandbox.control.data_api.sessions import Sessions

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = ("app._handle_rds_data_request",)
_SESSIONS: list[Sessions] = []


def install(context: Context) -> None:
    """Put ours in the place of MiniStack's, which answers without a database."""
    from ministack import app

    from tsalab.sandbox.control.data_api.service import DataApi

    sessions = Sessions()
    _SESSIONS.append(sessions)
    app._handle_rds_data_request = DataApi(context, sessions).handle


def close(_context: Context) -> None:
    """Roll back what nobody committed."""
    while _SESSIONS:
        _SESSIONS.pop().close()

"""AWS's models of its services, read once a process.

MiniStack opens a session of botocore's for each service that it wants the model of, and each reads
it anew: ten megabytes and a tenth of a second for EC2 alone, beside those that our own clients have
read. Here all read them in one place, and a sandbox forked by a nursery finds them there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.model import ServiceModel

    from tsalab.sandbox.control.context import Context

TOUCHES = ("core.responses._BOTOCORE_NAME", "core.responses._service_model")


def install(_context: Context) -> None:
    """Let MiniStack read models where everybody does."""
    from ministack.core import responses

    responses._service_model = _reading(responses._BOTOCORE_NAME)


def _reading(names: dict[str, str]) -> Callable[[str], ServiceModel | None]:
    """The model of a service by MiniStack's name; None where botocore knows none."""
    import botocore.session
    from botocore.exceptions import UnknownServiceError

    from tsalab.cloud.sessions import share_models

    core = botocore.session.Session()
    share_models(core)

    @functools.cache
    def read(service: str) -> ServiceModel | None:
        try:
            return core.get_service_model(names.get(service, service))
        except UnknownServiceError:
            return None

    return read

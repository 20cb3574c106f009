"""Models of services are read once, whoever asks."""

from __future__ import annotations

import botocore.session
import pytest
from ministack.core import responses

from tsalab.cloud.sessions import share_models
from tsalab.sandbox.control import models


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "_service_model", responses._service_model)
    models.install(None)  # type: ignore[arg-type]


@pytest.mark.usefixtures("installed")
def test_ministack_and_our_clients_read_the_same() -> None:
    core = botocore.session.Session()
    share_models(core)
    theirs = responses._service_model("codecommit")
    ours = core.get_service_data("codecommit")
    assert theirs.operation_model("GetBranch").input_shape.members
    assert theirs._service_description is ours
    assert responses._service_model("codecommit") is theirs


@pytest.mark.usefixtures("installed")
def test_services_go_by_ministacks_names() -> None:
    mine, botocores = next(pair for pair in responses._BOTOCORE_NAME.items() if pair[0] != pair[1])
    assert responses._service_model(mine).service_name == botocores
    assert responses._service_model("no-such-service") is None

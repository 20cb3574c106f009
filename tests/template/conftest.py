from __future__ import annotations

import pytest

from tsalab import resources
from tsalab.template import Template


@pytest.fixture(scope="session")
def lab3() -> Template:
    return Template.read(resources.templates() / "infra-lab3.yml")


@pytest.fixture(scope="session")
def lab4() -> Template:
    return Template.read(resources.templates() / "infra-lab4.yml")

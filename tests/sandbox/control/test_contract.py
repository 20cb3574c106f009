"""Every private thing of MiniStack that we touch is there: a new version of it fails here first."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import version

import pytest

import tsalab.sandbox.control as control


def modules():
    found = [info.name for info in pkgutil.walk_packages(control.__path__, "tsalab.sandbox.control.")]
    return [importlib.import_module(name) for name in sorted(found)]


TOUCHES = sorted({name for module in modules() for name in getattr(module, "TOUCHES", ())})


def test_ministack_is_the_version_we_know():
    assert version("ministack") == "1.5.33"


@pytest.mark.parametrize("name", TOUCHES)
def test_it_is_there(name):
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(["ministack", *parts[:size]]))
        except ModuleNotFoundError:
            continue
        for part in parts[size:]:
            found = getattr(found, part)
        return
    pytest.fail(f"no module of {name}")


def test_every_plugin_names_what_it_touches():
    from tsalab.sandbox.control.server import PLUGINS

    for name in PLUGINS:
        assert importlib.import_module(name).TOUCHES, name

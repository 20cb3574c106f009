"""A botocore session that reads a profile's own files; light enough for git's helper."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import botocore.loaders
import botocore.session

from tsalab.errors import ProfileError
from tsalab.profiles import Profile


def core_session(profile: Profile) -> botocore.session.Session:
    """Session of one profile, wherever that is written."""
    core = botocore.session.Session(profile=profile.name)
    if profile.config:
        core.set_config_variable("config_file", str(profile.config))
    if profile.credentials:
        core.set_config_variable("credentials_file", str(profile.credentials))
    _ask_for_no_code(core, profile)
    share_models(core)
    return core


def share_models(core: botocore.session.Session) -> None:
    """Let a session read AWS's models of its services where all sessions of this process have read them."""
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))


@functools.cache
def _loader(path: str | None) -> botocore.loaders.Loader:
    return botocore.loaders.create_loader(path)


def load_models(services: Iterable[str]) -> None:
    """Read the models of some services ahead.

    Parameters
    ----------
    services
        Their names in botocore.
    """
    loader = _loader(botocore.session.Session().get_config_variable("data_path"))
    for kind in ("partitions", "endpoints", "sdk-default-configuration", "_retry"):
        loader.load_data(kind)
    for service in services:
        for kind in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, kind)


def _ask_for_no_code(core: botocore.session.Session, profile: Profile) -> None:
    """A role that wants a device's code: an error, rather than a prompt that nobody sees."""

    def refuse(prompt: str) -> str:
        device = prompt.removeprefix("Enter MFA code for ").rstrip(": ")
        raise ProfileError.mfa(profile.name, device)

    core.get_component("credential_provider").get_provider("assume-role")._prompter = refuse

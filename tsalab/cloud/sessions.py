"""A botocore session that reads a profile's own files; light enough for git's helper."""

from __future__ import annotations

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
    return core


def _ask_for_no_code(core: botocore.session.Session, profile: Profile) -> None:
    """A role that wants a device's code: an error, rather than a prompt that nobody sees."""

    def refuse(prompt: str) -> str:
        device = prompt.removeprefix("Enter MFA code for ").rstrip(": ")
        raise ProfileError.mfa(profile.name, device)

    core.get_component("credential_provider").get_provider("assume-role")._prompter = refuse

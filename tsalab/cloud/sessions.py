"""A botocore session that reads a profile's own files; light enough for git's helper."""

from __future__ import annotations

import botocore.session

from tsalab.profiles import Profile


def core_session(profile: Profile) -> botocore.session.Session:
    """Session of one profile, wherever that is written."""
    core = botocore.session.Session(profile=profile.name)
    if profile.config:
        core.set_config_variable("config_file", str(profile.config))
    if profile.credentials:
        core.set_config_variable("credentials_file", str(profile.credentials))
    return core

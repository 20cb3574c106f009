"""Settings: one table of name, default and help; each is read from the environment.

A setting ``home`` is the environment variable ``TSALAB_HOME``. A test fails when the
README lacks one of them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Setting:
    """One row of the table."""

    name: str
    default: str
    help: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"TSALAB_{self.name.upper()}"


SETTINGS = (
    Setting("home", platformdirs.user_data_dir("tsalab"), "where sandboxes and their data live"),
    Setting(
        "cache", platformdirs.user_cache_dir("tsalab"), "prepared databases and node modules, safe to delete"
    ),
    Setting("profile", "sandbox", "the AWS profile used when none is given"),
    Setting("accounts", "", "the only AWS accounts in which anything may be changed, by comma; else all"),
    Setting("language", "en", "the language of the messages: a file of that name in `tsalab/messages/`"),
    Setting(
        "pace",
        "0",
        "seconds that each pipeline action and each new cluster of a sandbox takes at least, read by its "
        "`up`: AWS makes people wait for minutes",
    ),
    Setting(
        "aws_today",
        "",
        "when set, a sandbox refuses the cluster as the lab was written, as AWS does now; read by its `up`",
    ),
    Setting(
        "polling_disabled",
        "",
        "when set, a sandbox's pipelines notice no upload, as AWS's after 30 idle days; read by its `up`",
    ),
    Setting("region", "us-west-2", "the region that a new sandbox stands for, read by its first `up`"),
    Setting("resume_seconds", "15", "how long a paused cluster of a sandbox takes to wake, read by its `up`"),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


def get(name: str) -> str:
    """Value of a setting: the environment's, else the default.

    Parameters
    ----------
    name
        A name in `SETTINGS`.

    Raises
    ------
    KeyError
        When the table has no such setting.
    """
    setting = _BY_NAME[name]
    return os.environ.get(setting.variable) or setting.default


def home() -> Path:
    """Folder of the sandboxes and everything that must last."""
    return Path(get("home")).expanduser().absolute()


def cache() -> Path:
    """Folder of what can be made again."""
    return Path(get("cache")).expanduser().absolute()

"""Parameters and settings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class SettingError(TsalabError):
    """A parameter or setting is unknown or malformed."""

    @classmethod
    def unknown(cls, names: Iterable[str], known: Iterable[str]) -> Self:
        """Names that no parameter has."""
        return cls(
            **error("settings.unknown", names=", ".join(sorted(names)), known=", ".join(sorted(known)))
        )

    @classmethod
    def malformed(cls, name: str, value: object, expected: str) -> Self:
        """A value that the parameter cannot take."""
        return cls(**error("settings.malformed", name=name, value=value, expected=expected))

    @classmethod
    def no_language(cls, name: str, known: Iterable[str]) -> Self:
        """A language that has no file."""
        return cls(**error("settings.no_language", name=name, known=", ".join(known)))

    @classmethod
    def not_confirmed(cls, option: str) -> Self:
        """Nobody can be asked whether to go on."""
        return cls(**error("commands.start_state.not_confirmed", option=option))

    @classmethod
    def bad_url(cls, name: str, reason: str, form: str) -> Self:
        """A URL that is none, or of another kind. It is not repeated: it may hold a password."""
        return cls(**error("commands.migrate.bad_url", name=name, reason=reason, form=form))

    @classmethod
    def password_in_url(cls, name: str) -> Self:
        """A password where everybody on the machine can read it."""
        return cls(**error("commands.migrate.password_in_url", name=name))

    @classmethod
    def no_part(cls, name: str, part: str) -> Self:
        """A URL leaves out what nothing else says."""
        return cls(**error("commands.migrate.no_part", name=name, part=part))

    @classmethod
    def no_database(cls, name: str) -> Self:
        """Nothing says which database is meant."""
        return cls(**error("commands.migrate.no_database", name=name))

    @classmethod
    def no_password(cls, name: str, variable: str, option: str, group: str) -> Self:
        """No password, and nobody to ask for it."""
        return cls(
            **error("commands.migrate.no_password", name=name, variable=variable, option=option, group=group)
        )

    @classmethod
    def bad_option_file(cls, path: Path, reason: str) -> Self:
        """An option file that cannot be read. Its lines are not repeated."""
        return cls(**error("commands.migrate.bad_option_file", path=path, reason=reason))

"""Every sentence a person can meet, by an id: ``en.yml`` holds the texts, and nothing else does.

A translation is the same file in another language beside it. Fields stand in braces
(`str.format`); an entry with ``one`` and ``other`` is chosen by the value ``count``.
No text holds a secret, and no value given for one may be a secret's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent
_LANGUAGE = "en"


def say(key: str, /, **values: object) -> str:
    """The text of an id.

    Parameters
    ----------
    key
        The id: names joined by dots, as they are nested in the file.
    values
        For its fields. An entry with a singular and a plural is chosen by ``count``.

    Raises
    ------
    KeyError
        When there is no such id, or a field of its text was not given: a mistake of ours,
        which a test finds before a person does.
    """
    found = catalogue()[key]
    return found.format_map(values) if isinstance(found, str) else _counted(found, values)


def error(key: str, /, **values: object) -> dict[str, str]:
    """The three sentences of an error: what happened, why, what next.

    Parameters
    ----------
    key
        The id under which ``what``, ``why`` and ``next`` stand.
    values
        For their fields.

    Returns
    -------
    dict
        The arguments of `tsalab.errors.TsalabError`.
    """
    return {
        "what": say(f"{key}.what", **values),
        "why": say(f"{key}.why", **values),
        "next_step": say(f"{key}.next", **values),
    }


@cache
def catalogue(language: str = _LANGUAGE) -> Mapping[str, str | Mapping[str, str]]:
    """Every text by its id; those with a singular and a plural as a mapping of both."""
    text = (_FOLDER / f"{language}.yml").read_text(encoding="utf-8")
    return dict(_flat(yaml.load(text, Loader=yaml.CSafeLoader), ""))


def _flat(tree: Mapping[str, Any], prefix: str) -> Any:
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, str):
            yield key, value.rstrip("\n")
        elif set(value) == {"one", "other"}:
            yield key, value
        else:
            yield from _flat(value, f"{key}.")


def _counted(forms: Mapping[str, str], values: Mapping[str, object]) -> str:
    return forms["one" if values["count"] == 1 else "other"].format_map(values)

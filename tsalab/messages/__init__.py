"""Every sentence a person can meet, by an id: ``en.yml`` holds the texts, and nothing else does.

A translation is the same file in another language beside it, named for the language;
``TSALAB_LANGUAGE`` chooses it, and an id that it lacks is said in English. Fields stand in
braces (`str.format`). An entry whose keys are plural categories (``one`` and ``other`` in
English) is chosen by the value ``count``. No text holds a secret, and no value given for one
may be a secret's.

Nothing is read before the first sentence is needed: most commands end well and say little.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tsalab import settings

_FOLDER = Path(__file__).parent
ENGLISH = "en"
# Of the Unicode CLDR; a language has some of them, and "other" always.
_CATEGORIES = frozenset({"zero", "one", "two", "few", "many", "other"})

Text = str | Mapping[str, str]


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
    text = found if isinstance(found, str) else _counted(found, values["count"])
    return text.format_map(values)


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


def catalogue() -> Mapping[str, Text]:
    """Every text by its id, in the language that is set; those with plural forms as a mapping."""
    return _translated(settings.get("language"))


def languages() -> list[str]:
    """Languages that have a file."""
    return sorted(path.stem for path in _FOLDER.glob("*.yml"))


def language() -> str:
    """The language that is set, or English when that one has no file."""
    wanted = settings.get("language")
    return wanted if wanted in languages() else ENGLISH


def refuse_unknown_language() -> None:
    """Refuse a setting that names no language; what must be said nevertheless is said in English.

    Raises
    ------
    SettingError
        Naming those that exist.
    """
    from tsalab.errors import SettingError  # which takes its words from here

    wanted = settings.get("language")
    if wanted not in languages():
        raise SettingError.no_language(wanted, languages())


@cache
def _translated(name: str) -> Mapping[str, Text]:
    english = _read(ENGLISH)
    return english if name == ENGLISH or name not in languages() else {**english, **_read(name)}


def _read(name: str) -> Mapping[str, Text]:
    import yaml  # 10 ms, and most commands end without a message

    text = (_FOLDER / f"{name}.yml").read_text(encoding="utf-8")
    return dict(_flat(yaml.load(text, Loader=yaml.CSafeLoader), ""))


def _flat(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Text]]:
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, str):
            yield key, value.rstrip("\n")
        elif "other" in value and _CATEGORIES.issuperset(value):
            yield key, value
        else:
            yield from _flat(value, f"{key}.")


def _counted(forms: Mapping[str, str], count: Any) -> str:
    """The form for a count; a language's own rule decides, and Babel knows them all."""
    english = "one" if count == 1 else "other"
    category = english if language() == ENGLISH else _category(language(), count, english)
    return forms.get(category, forms["other"])


def _category(name: str, count: Any, otherwise: str) -> str:
    from babel import Locale, UnknownLocaleError  # comes with JupyterLab; of no use to English

    try:
        return str(Locale.parse(name, sep="-" if "-" in name else "_").plural_form(count))
    except (UnknownLocaleError, ValueError):
        return otherwise  # a dialect or a made-up language: it counts as English does

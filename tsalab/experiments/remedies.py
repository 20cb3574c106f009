"""The app as it was written, and three ways to let it live with a cluster that pauses; pure.

Each is an edit of the learner's own code, by fragments that a person can read
(``templates/remedies``). They hold the times that a real cluster asks for; where a clock
makes an awakening shorter, every wait of the code is made shorter by the same factor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tsalab import resources
from tsalab.errors import ExperimentError

APP, DATABASE = "app.js", "utils/database.js"
AS_WRITTEN, PATIENT, LETS_GO, DATA_API = WAYS = ("as-written", "patient", "lets-go", "data-api")
REMEDIES = WAYS[1:]
LET_GO = "The pool has let go of its last connection"  # what let-go.js writes into the app's log
DRIVERS_OWN = 10_000  # milliseconds: both of the npm driver's limits, unless it is told others
_LIMITS = ("connectTimeout", "acquireTimeout")
_LIMIT = re.compile(rf"^ *({'|'.join(_LIMITS)}): *(\d+),.*\n", re.MULTILINE)
_POOL = re.compile(r"^( *)connectionLimit: *\d+,.*\n", re.MULTILINE)
_ACQUIRE = re.compile(r"^async function acquire\(.*?^}\n", re.MULTILINE | re.DOTALL)
_PREPARE = "  pool.on('connection', prepare);\n"
_CONNECT = "/** Wait for the first answer of a fresh pool. */\n"
_WAIT = re.compile(r"\b(\w+_MS = )(\d+);")

Files = dict[str, str]


@dataclass(frozen=True)
class Way:
    """One way to be patient, or not.

    Attributes
    ----------
    name
        One of `WAYS`.
    edit
        Makes its files of the app's, by path; nothing for the app as it is.
    shown
        The fragments that it is made of, for a person.
    lets_go
        Whether it says in its log that no connection is left.
    """

    name: str
    edit: Callable[[Mapping[str, str], float], Files]
    shown: tuple[str, ...] = ()
    lets_go: bool = False


def fragment(name: str, shorten: float = 1.0) -> str:
    """A fragment with its waits divided.

    Parameters
    ----------
    name
        A file in ``templates/remedies``.
    shorten
        By how much.
    """
    text = (resources.templates() / "remedies" / name).read_text(encoding="utf-8")
    return _WAIT.sub(lambda found: f"{found[1]}{_divided(int(found[2]), shorten)};", text)


def limits(source: str, shorten: float, milliseconds: int | None = None) -> str:
    """app.js with its pool's limits written out.

    Parameters
    ----------
    source
        Its text.
    shorten
        By how much they are divided.
    milliseconds
        What both are to be; None: what they are.

    Raises
    ------
    ExperimentError
        When it makes no pool as the lab's does.
    """
    own = {found[1]: int(found[2]) for found in _LIMIT.finditer(source)}
    bare = _LIMIT.sub("", source)
    found = _POOL.search(bare)
    if found is None:
        raise ExperimentError.code_differs(APP, "connectionLimit: 10,")
    wanted = {name: milliseconds or own.get(name, DRIVERS_OWN) for name in _LIMITS}
    lines = [f"{found[1]}{name}: {_divided(value, shorten)},\n" for name, value in wanted.items()]
    return bare[: found.end()] + "".join(lines) + bare[found.end() :]


def patience(source: str) -> float:
    """Seconds that app.js lets its pool wait for a connection, greeting and all.

    Parameters
    ----------
    source
        Its text.
    """
    own = {found[1]: int(found[2]) for found in _LIMIT.finditer(source)}
    return own.get("acquireTimeout", DRIVERS_OWN) / 1000


def _divided(milliseconds: int, shorten: float) -> int:
    return max(round(milliseconds / shorten), 1)


def _as_written(files: Mapping[str, str], shorten: float) -> Files:
    return {} if shorten == 1 else {APP: limits(files[APP], shorten)}


def _patient(files: Mapping[str, str], shorten: float) -> Files:
    found = _ACQUIRE.search(files[DATABASE])
    if found is None:
        raise ExperimentError.code_differs(DATABASE, "acquire()")
    database = files[DATABASE].replace(found[0], fragment("patient-acquire.js", shorten))
    (told,) = {int(found[2]) for found in _LIMIT.finditer(fragment("patient-pool.js"))}
    return {APP: limits(files[APP], shorten, told), DATABASE: database}


def _lets_go(files: Mapping[str, str], shorten: float) -> Files:
    edited = _patient(files, shorten)
    database = edited[DATABASE]
    for line in (_PREPARE, _CONNECT):
        if line not in database:
            raise ExperimentError.code_differs(DATABASE, line.strip())
    database = database.replace(_PREPARE, f"{_PREPARE}  letGo(pool);\n")
    return edited | {DATABASE: database.replace(_CONNECT, f"{fragment('let-go.js', shorten)}\n{_CONNECT}")}


def _data_api(files: Mapping[str, str], shorten: float) -> Files:
    del files  # nothing of it stays
    return {DATABASE: fragment("data-api.js", shorten)}


_ALL = {
    way.name: way
    for way in (
        Way(AS_WRITTEN, _as_written),
        Way(PATIENT, _patient, ("patient-pool.js", "patient-acquire.js")),
        Way(LETS_GO, _lets_go, ("let-go.js",), lets_go=True),
        Way(DATA_API, _data_api, ("data-api.js",)),
    )
}


def way(name: str) -> Way:
    """One of `WAYS` by name."""
    return _ALL[name]

"""What all of DMS's resources have in common: identifiers, ARNs, filters, pages, refusals."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tsalab.sandbox.control.json_service import Answer, ApiError

Record = dict[str, Any]
_ALPHABET = string.ascii_uppercase + "234567"
_NAME = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")
_MOST_RECORDS, _FEWEST_RECORDS = 100, 20


def new_resource_id() -> str:
    """The last part of a new resource's ARN: 26 characters, as AWS makes them."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(26))


def not_found(kind: str, named: str) -> ApiError:
    """Nothing of that name or ARN is there."""
    return ApiError("ResourceNotFoundFault", f"{kind} {named} not found.")


def exists(kind: str, identifier: str) -> ApiError:
    """The name is taken."""
    return ApiError("ResourceAlreadyExistsFault", f"{kind} with identifier {identifier} already exists.")


def wrong_state(message: str) -> ApiError:
    """What is asked for cannot be done now."""
    return ApiError("InvalidResourceStateFault", message)


def invalid(message: str) -> ApiError:
    """A value that AWS refuses, or that the sandbox does not honour."""
    return ApiError("InvalidParameterValueException", message)


def combination(message: str) -> ApiError:
    """Values that do not go together."""
    return ApiError("InvalidParameterCombinationException", message)


def identifier(given: str, *, longest: int) -> str:
    """An identifier in small letters, as DMS keeps it.

    Raises
    ------
    ApiError
        When it is none.
    """
    if not _NAME.fullmatch(given) or len(given) > longest:
        raise invalid(
            f"Invalid identifier {given}. Identifiers must begin with a letter; must contain only ASCII "
            "letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
        )
    return given.lower()


def only(request: Mapping[str, Any], honoured: str, what: str) -> None:
    """Refuse parameters that nothing here would act on.

    Parameters
    ----------
    request
        Parameters by name.
    honoured
        The names of those that something acts on.
    what
        What they are of.

    Raises
    ------
    ApiError
        Naming them.
    """
    empty: tuple[Any, ...] = (None, "", {}, [])
    beyond = sorted(name for name in set(request) - set(honoured.split()) if request[name] not in empty)
    if beyond:
        raise invalid(f"The sandbox does not do {', '.join(beyond)} of {what}; AWS itself does.")


def filtered(
    rows: Iterable[Record], request: Answer, fields: Mapping[str, Callable[[Record], str]], kind: str
) -> list[Record]:
    """The rows that every filter of a request lets through.

    Parameters
    ----------
    rows
        Records.
    request
        With ``Filters``.
    fields
        What each filter looks at, by the filter's name.
    kind
        What the rows are, in the words of a refusal.

    Raises
    ------
    ApiError
        For a filter that does not exist, and when filters leave nothing.
    """
    found = list(rows)
    filters = request.get("Filters") or []
    for one in filters:
        look = fields.get(one["Name"])
        if look is None:
            raise invalid(f"Unknown filter name: {one['Name']}. Allowed: {', '.join(fields)}.")
        found = [row for row in found if look(row) in one["Values"]]
    if filters and not found:
        raise ApiError("ResourceNotFoundFault", f"No {kind} found matching provided filters")
    return found


def paged(rows: Sequence[Any], request: Answer, *, most: int = _MOST_RECORDS) -> tuple[list[Any], Answer]:
    """One page, and the marker of the next.

    Raises
    ------
    ApiError
        For a size or marker that AWS would not take.
    """
    size = request.get("MaxRecords") or most
    if not _FEWEST_RECORDS <= size <= most:
        raise invalid(f"MaxRecords must be between {_FEWEST_RECORDS} and {most}.")
    marker = request.get("Marker") or "0"
    if not marker.isdecimal():
        raise invalid(f"Invalid marker {marker}.")
    start = int(marker)
    more = {"Marker": str(start + size)} if start + size < len(rows) else {}
    return list(rows[start : start + size]), more


def tags_of(request: Answer) -> dict[str, str]:
    """Tags of a request by their keys."""
    return {row["Key"]: row.get("Value", "") for row in request.get("Tags") or []}

"""A record's shape, held against the JSON Schema file beside this module."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tsalab.errors import RecordError
from tsalab.messages import say

SCHEMA_FILE = Path(__file__).with_name("schema.json")


@cache
def _checker() -> Callable[[Any], Any]:
    # fastjsonschema compiles the schema once, in a few milliseconds; importing
    # jsonschema costs a kernel ten times as much, for messages we word ourselves.
    import fastjsonschema

    compiled: Callable[[Any], Any] = fastjsonschema.compile(json.loads(SCHEMA_FILE.read_text("utf-8")))
    return compiled


def validate(data: object, source: str) -> Mapping[str, Any]:
    """Hold parsed JSON against the schema.

    Parameters
    ----------
    data
        What a JSON parser returned.
    source
        Where it stood, for the message.

    Raises
    ------
    RecordError
        Naming the first field that is not as the schema says.
    """
    from fastjsonschema import JsonSchemaValueException

    try:
        _checker()(data)
    except JsonSchemaValueException as error:
        # The path starts at "data", fastjsonschema's name for the whole.
        field = ".".join(str(part) for part in error.path[1:]) or say("record.place.whole")
        raise RecordError.malformed(source, field, str(error.rule or "shape")) from error
    if not isinstance(data, Mapping):  # pragma: no cover - the schema says object
        raise RecordError.malformed(source, say("record.place.whole"), "type")
    return data

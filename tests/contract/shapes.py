"""An answer, held against the shape that botocore's model gives it."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PLAIN: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "boolean": (bool,),
    "timestamp": (datetime.datetime,),
}
# Refusals that any service may give and no operation's model repeats, as AWS lists them under
# "Common errors"; and those of services whose models name none.
COMMON = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "Throttling",
        "ThrottlingException",
        "UnauthorizedOperation",
        "ValidationError",
        "ValidationException",
    }
)
UNMODELLED = {
    # S3 answers a HEAD without a body: botocore makes the code of the status.
    "s3": frozenset({"404", "403", "400", "NoSuchBucket", "NoSuchKey", "NoSuchVersion", "BucketNotEmpty"}),
    "ec2": frozenset({"InvalidKeyPair.NotFound", "InvalidGroup.NotFound", "InvalidPermission.Duplicate"}),
    "dms": frozenset({"InvalidParameterValueException", "InvalidParameterCombinationException"}),
    "rds": frozenset({"InvalidParameterValue", "InvalidParameterCombination"}),
}


@dataclass
class Report:
    """What was seen and what was not as it should be.

    Attributes
    ----------
    answers
        How many answers were held against their shape, by service and operation.
    refusals
        Codes of the refusals among them.
    members
        The members that were looked at, as ``service.operation: path``.
    deviations
        What is not as the model says, and how often.
    """

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    refusals: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    members: set[tuple[str, str, str]] = field(default_factory=set)
    values: int = 0
    deviations: Counter[str] = field(default_factory=Counter)

    def listen(self, client: Any, service: str) -> None:
        """Hold every answer that a client gets against the models."""

        def heard(http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
            names = client.meta.method_to_api_mapping.items()
            operation = next(name for name, known in names if known == model.name)
            self.answer(service, operation, model, parsed, json_of(model, http_response))

        client.meta.events.register("after-call", heard)

    def answer(self, service: str, operation: str, model: Any, parsed: Mapping[str, Any], raw: Any) -> None:
        """Hold one answer against the model."""
        self.answers[service, operation] += 1
        where = f"{service}.{operation}"
        if "Error" in parsed and parsed["ResponseMetadata"]["HTTPStatusCode"] >= 300:
            self._refusal(service, operation, model, str(parsed["Error"].get("Code")))
            return
        content = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        if model.output_shape is None:
            self._complain(
                where, f"answers {sorted(content)} where the model has no answer", when=bool(content)
            )
            return
        for path, complaint in self._look(model.output_shape, content, ""):
            if complaint:
                self._complain(where, f"{path}: {complaint}")
            else:
                self.values += 1
                self.members.add((service, operation, path))
        for path in unknown(model.output_shape, raw, ""):
            self._complain(where, f"{path}: is not in the model")

    def _refusal(self, service: str, operation: str, model: Any, code: str) -> None:
        self.refusals.setdefault((service, operation), set()).add(code)
        shapes = [*model.error_shapes, *(model.service_model.error_shapes if service == "s3" else [])]
        modelled = {shape.error_code or shape.name for shape in shapes} | {shape.name for shape in shapes}
        known = code in modelled | COMMON | UNMODELLED.get(service, frozenset())
        self._complain(f"{service}.{operation}", f"refuses with {code}, which AWS does not", when=not known)

    def _complain(self, where: str, what: str, *, when: bool = True) -> None:
        if when:
            self.deviations[f"{where}: {what}"] += 1

    def _look(self, shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
        kind = shape.type_name
        if kind == "structure":
            yield from self._structure(shape, value, path)
        elif kind == "list":
            if not isinstance(value, list):
                yield path, f"is {type(value).__name__} rather than a list"
                return
            yield path, ""
            for inner in value:
                yield from self._look(shape.member, inner, path + "[]")
        elif kind == "map":
            if not isinstance(value, dict):
                yield path, f"is {type(value).__name__} rather than a map"
                return
            yield path, ""
            for name, inner in value.items():
                yield from self._look(shape.key, name, f"{path}.{name}")
                yield from self._look(shape.value, inner, f"{path}.{name}")
        else:
            yield path, _plain(shape, value)

    def _structure(self, shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
        if not isinstance(value, dict):
            yield path, f"is {type(value).__name__} rather than a structure"
            return
        yield path, ""
        for name in shape.required_members:
            if name not in value:
                yield f"{path}.{name}", "is required and missing"
        for name, inner in value.items():
            if name in shape.members and inner is not None:
                yield from self._look(shape.members[name], inner, f"{path}.{name}")


def _plain(shape: Any, value: Any) -> str:
    kind = shape.type_name
    if kind == "blob":
        return "" if isinstance(value, bytes) or hasattr(value, "read") else "is no blob"
    if shape.name == "policyDocumentType" and isinstance(value, dict):
        return ""  # IAM's answers hold the text, encoded; botocore has read it already
    types = PLAIN[kind]
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "boolean"):
        return f"is {type(value).__name__} rather than {kind}"
    allowed = getattr(shape, "enum", [])
    if allowed and value not in allowed:
        return f"is {value!r}, which is none of the model's values"
    return ""


def unknown(shape: Any, raw: Any, path: str) -> Iterator[str]:
    """Members of a JSON answer that the model does not know; botocore drops them silently."""
    if shape.type_name == "structure" and isinstance(raw, dict):
        for name, value in raw.items():
            if name not in shape.members:
                yield f"{path}.{name}"
            else:
                yield from unknown(shape.members[name], value, f"{path}.{name}")
    elif shape.type_name == "list" and isinstance(raw, list):
        for inner in raw:
            yield from unknown(shape.member, inner, path + "[]")
    elif shape.type_name == "map" and isinstance(raw, dict):
        for inner in raw.values():
            yield from unknown(shape.value, inner, path + "{}")


def json_of(model: Any, response: Any) -> Any:
    """The answer's JSON as it came; None where the protocol is another."""
    if not model.service_model.protocol.startswith(("json", "rest-json")):
        return None
    return json.loads(response.content or b"{}")

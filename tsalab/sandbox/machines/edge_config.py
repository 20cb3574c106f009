"""What a distribution's configuration says, for the edge: origins, behaviours, errors.

The configuration is CloudFormation's ``DistributionConfig`` as a plain dictionary. What
the edge does not really do is refused when a distribution is published, not skipped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tsalab.errors import SandboxError
from tsalab.messages import say

# CloudFront's own defaults, in seconds (developer guide, "Values that you specify").
DEFAULT_TTL, MAX_TTL, ERROR_TTL = 86_400.0, 31_536_000.0, 10.0
_BUCKET = re.compile(r"(?P<bucket>.+?)\.s3(?:[.-][a-z0-9-]+)?\.(?:dualstack\.)?.*")
_UNDONE_BEHAVIOUR = (
    "CachePolicyId",
    "OriginRequestPolicyId",
    "ResponseHeadersPolicyId",
    "LambdaFunctionAssociations",
    "FunctionAssociations",
    "TrustedSigners",
    "TrustedKeyGroups",
    "RealtimeLogConfigArn",
)
_UNDONE_ORIGIN = ("OriginAccessControlId", "OriginShield", "VpcOriginConfig")
_UNDONE = ("OriginGroups", "WebACLId", "ContinuousDeploymentPolicyId")


@dataclass(frozen=True)
class Origin:
    """Where answers come from: a bucket, or a web server."""

    id: str
    domain: str
    path: str
    bucket: str | None
    identity: str
    headers: Mapping[str, str]
    read_timeout: float
    connect_timeout: float


@dataclass(frozen=True)
class Forwarded:
    """What of a request reaches the origin and becomes part of the cache key."""

    query: bool
    query_keys: frozenset[str]
    headers: frozenset[str]
    cookies: str
    cookie_names: tuple[str, ...]


@dataclass(frozen=True)
class Behaviour:
    """How requests for a path pattern are answered."""

    pattern: str
    origin: Origin
    methods: frozenset[str]
    cached_methods: frozenset[str]
    min_ttl: float
    default_ttl: float
    max_ttl: float
    compress: bool
    protocol: str
    forwarded: Forwarded
    expression: re.Pattern[str] = field(repr=False)

    @property
    def caches(self) -> bool:
        """Whether anything is ever kept: not with a TTL of 0, nor when every header counts."""
        return self.max_ttl > 0 and "*" not in self.forwarded.headers


@dataclass(frozen=True)
class ErrorRule:
    """What is answered in place of an error."""

    ttl: float
    page: str | None
    status: int | None


@dataclass(frozen=True)
class Distribution:
    """A configuration that the edge can serve."""

    enabled: bool
    root: str
    behaviours: tuple[Behaviour, ...]
    errors: Mapping[int, ErrorRule]

    def behaviour(self, path: str) -> Behaviour:
        """First behaviour whose pattern matches the path; the default one matches all."""
        return next(one for one in self.behaviours if one.expression.fullmatch(path))

    def error_ttl(self, status: int) -> float:
        """Seconds for which an error is kept."""
        rule = self.errors.get(status)
        return rule.ttl if rule else ERROR_TTL


def read(config: Mapping[str, Any]) -> Distribution:
    """Read a configuration.

    Raises
    ------
    SandboxError
        When it asks for something that the edge does not do.
    """
    _refuse(config, _UNDONE, say("sandbox.edge.distribution"))
    origins = {one["Id"]: _origin(one) for one in _items(config.get("Origins"))}
    behaviours = [
        _behaviour(one, one["PathPattern"], origins) for one in _items(config.get("CacheBehaviors"))
    ]
    behaviours.append(_behaviour(config["DefaultCacheBehavior"], "*", origins))
    return Distribution(
        enabled=_bool(config.get("Enabled", True)),
        root=str(config.get("DefaultRootObject", "")).lstrip("/"),
        behaviours=tuple(behaviours),
        errors={
            int(one["ErrorCode"]): ErrorRule(
                ttl=float(one.get("ErrorCachingMinTTL", ERROR_TTL)),
                page=one.get("ResponsePagePath") or None,
                status=int(one["ResponseCode"]) if one.get("ResponseCode") else None,
            )
            for one in _items(config.get("CustomErrorResponses"))
        },
    )


def _origin(config: Mapping[str, Any]) -> Origin:
    name = say("sandbox.edge.origin", id=config["Id"])
    _refuse(config, _UNDONE_ORIGIN, name)
    custom = config.get("CustomOriginConfig")
    bucket = None
    if custom is None:
        found = _BUCKET.fullmatch(config["DomainName"])
        if found is None:
            raise SandboxError.edge_cannot(say("sandbox.edge.no_bucket", domain=config["DomainName"]), name)
        bucket = found["bucket"]
    elif custom.get("OriginProtocolPolicy") == "https-only":
        raise SandboxError.edge_cannot(say("sandbox.edge.https_only"), name)
    elif int(custom.get("HTTPPort", 80)) != 80:
        raise SandboxError.edge_cannot(say("sandbox.edge.http_port"), name)
    identity = (config.get("S3OriginConfig") or {}).get("OriginAccessIdentity") or ""
    return Origin(
        id=config["Id"],
        domain=config["DomainName"],
        path=str(config.get("OriginPath") or "").rstrip("/"),
        bucket=bucket,
        identity=identity.rpartition("/")[2],
        headers={one["HeaderName"]: one["HeaderValue"] for one in _items(config.get("OriginCustomHeaders"))},
        read_timeout=float((custom or {}).get("OriginReadTimeout", 30)),
        connect_timeout=float(config.get("ConnectionTimeout", 10)),
    )


def _behaviour(config: Mapping[str, Any], pattern: str, origins: Mapping[str, Origin]) -> Behaviour:
    name = say("sandbox.edge.behaviour", pattern=pattern)
    _refuse(config, _UNDONE_BEHAVIOUR, name)
    if config["TargetOriginId"] not in origins:
        raise SandboxError.edge_cannot(say("sandbox.edge.no_origin", origin=config["TargetOriginId"]), name)
    return Behaviour(
        pattern=pattern,
        origin=origins[config["TargetOriginId"]],
        methods=frozenset(_items(config.get("AllowedMethods")) or ("GET", "HEAD")),
        cached_methods=frozenset(_items(config.get("CachedMethods")) or ("GET", "HEAD")),
        min_ttl=float(config.get("MinTTL", 0)),
        default_ttl=float(config.get("DefaultTTL", DEFAULT_TTL)),
        max_ttl=float(config.get("MaxTTL", MAX_TTL)),
        compress=_bool(config.get("Compress", False)),
        protocol=str(config.get("ViewerProtocolPolicy", "allow-all")),
        forwarded=_forwarded(config.get("ForwardedValues") or {}),
        expression=glob(pattern),
    )


def _forwarded(config: Mapping[str, Any]) -> Forwarded:
    cookies = config.get("Cookies") or {}
    return Forwarded(
        query=_bool(config.get("QueryString", False)),
        query_keys=frozenset(_items(config.get("QueryStringCacheKeys"))),
        headers=frozenset(header.lower() for header in _items(config.get("Headers"))),
        cookies=str(cookies.get("Forward", "none")),
        cookie_names=tuple(_items(cookies.get("WhitelistedNames"))),
    )


def glob(pattern: str) -> re.Pattern[str]:
    """CloudFront's path pattern: ``*`` is any text, ``?`` one character, the rest itself."""
    parts = {"*": ".*", "?": "."}
    text = "".join(parts.get(character, re.escape(character)) for character in pattern.lstrip("/"))
    # "/images/*" and "images/*" are the same; a bare "*" matches all.
    return re.compile(f"/{text}" if pattern != "*" else ".*", re.DOTALL)


def _refuse(config: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    for name in names:
        if config.get(name):
            raise SandboxError.edge_cannot(name, where)


def _items(value: Any) -> list[Any]:
    """A list, written as CloudFormation's or as the API's (``Items``)."""
    if isinstance(value, Mapping):
        value = value.get("Items")
    return list(value or [])


def _bool(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"

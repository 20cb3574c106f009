"""CloudFront distributions that serve: ``AWS::CloudFront::Distribution`` on the sandbox's edge.

A distribution's domain name is a loopback address. The bucket is read as CloudFront reads
it: as the origin access identity, if the bucket's policy lets it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from tsalab.sandbox.control.blocking import resource_type

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TYPE = "AWS::CloudFront::Distribution"
TOUCHES = (
    "core.iam_evaluator.EvalContext",
    "core.iam_evaluator.evaluate_resource_policy",
    "services.cloudformation.provisioners._cf_distribution_create",
    "services.cloudformation.provisioners._cf_distribution_delete",
    "services.cloudformation.provisioners._cf_distribution_update",
    "services.cloudformation.provisioners._cf_oai_attributes",
    "services.cloudfront._create_distribution",
    "services.cloudfront._create_invalidation",
    "services.cloudfront._delete_distribution",
    "services.cloudfront._distributions",
    "services.cloudfront._error",
    "services.cloudfront._update_distribution",
    "services.s3._bucket_policies",
    "services.s3._cloudfront_origin_allows",
    "services.s3.serve_cloudfront_origin_fetch",
)
Response = tuple[int, dict[str, str], bytes]
_IDENTITY = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity {}"

logger = logging.getLogger("tsalab.sandbox.distribution")


def install(context: Context) -> None:
    """Register the resource type, the edge's way to the buckets, and invalidations."""
    from ministack.services import cloudfront

    distributions = Distributions(context)
    resource_type(TYPE, distributions)
    _install_origin_access()
    context.estate.edge.s3_fetch = distributions.s3_fetch
    invalidate = cloudfront._create_invalidation

    def create_invalidation(distribution_id: str, body: bytes) -> Response:
        response: Response = invalidate(distribution_id, body)
        if response[0] == 201:
            context.estate.edge.invalidate(distribution_id, requested_paths(body))
        return response

    cloudfront._create_invalidation = create_invalidation
    for name in ("_create_distribution", "_update_distribution", "_delete_distribution"):
        setattr(cloudfront, name, _refusal(name))


def resume(context: Context) -> None:
    """Publish every distribution again."""
    from ministack.services import cloudfront

    with context.scope():
        for distribution_id, record in cloudfront._distributions.items():
            context.estate.edge.publish(distribution_id, record["_SandboxConfig"])


class Distributions:
    """Distributions of one sandbox."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def create(self, logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        """Publish a distribution; its domain name is where the edge serves it."""
        from ministack.services import cloudfront
        from ministack.services.cloudformation import provisioners

        made = provisioners._cf_distribution_create(logical_id, with_ports(props), stack_name)
        distribution_id: str = made[0]
        config = props["DistributionConfig"]
        record = cloudfront._distributions[distribution_id]
        try:
            port = self.context.estate.edge.publish(distribution_id, config)
        except BaseException:
            provisioners._cf_distribution_delete(distribution_id, props)
            raise
        record |= {"_SandboxConfig": config, "DomainName": f"127.0.0.1:{port}"}
        logger.info("distribution %s serves on %s", distribution_id, record["DomainName"])
        return distribution_id, {**made[1], "DomainName": record["DomainName"]}

    def update(
        self,
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> tuple[str, dict[str, str]]:
        """Serve another configuration at the same address."""
        from ministack.services import cloudfront
        from ministack.services.cloudformation import provisioners

        made: tuple[str, dict[str, str]] = provisioners._cf_distribution_update(
            physical_id, with_ports(old), with_ports(new), stack_name, logical_id
        )
        config = new["DistributionConfig"]
        self.context.estate.edge.update(physical_id, config)
        cloudfront._distributions[physical_id]["_SandboxConfig"] = config
        return made

    def delete(self, physical_id: str, props: dict[str, Any]) -> None:
        """Stop serving and forget a distribution."""
        from ministack.services import cloudfront
        from ministack.services.cloudformation import provisioners

        if physical_id in cloudfront._distributions:
            self.context.estate.edge.unpublish(physical_id)
        provisioners._cf_distribution_delete(physical_id, props)

    def s3_fetch(
        self, bucket: str, key: str, oai_id: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Read an object as an origin access identity, if the bucket's policy lets it.

        Parameters
        ----------
        bucket, key
            The object.
        oai_id
            Origin access identity, or nothing for anonymous reading.
        headers
            Conditional and range headers, by their lower-case names.
        """
        from ministack.services import s3

        with self.context.scope():
            status, answered, body = s3.serve_cloudfront_origin_fetch(
                bucket, key, "GET", dict(headers or {}), oai_id=oai_id
            )
        return status, {str(name): str(value) for name, value in answered.items()}, bytes(body or b"")


def _install_origin_access() -> None:
    """Let a bucket policy name an identity by its canonical user too, as AWS does."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
    from ministack.services import s3
    from ministack.services.cloudformation import provisioners

    original = s3._cloudfront_origin_allows

    def allows(owner: str, bucket: str, key: str, source_arn: str, oai_id: str) -> bool:
        if original(owner, bucket, key, source_arn, oai_id):
            return True
        policy = s3._bucket_policies.get_scoped(owner, None, bucket)
        if not policy or not oai_id:
            return False
        canonical = provisioners._cf_oai_attributes(oai_id)["S3CanonicalUserId"]
        arn = _IDENTITY.format(oai_id)
        request = EvalContext(
            principal_arn=arn,
            principal_type="User",
            principal_account="",
            action="s3:GetObject",
            resource_arn=f"arn:aws:s3:::{bucket}/{key}",
            region="",
        )
        decision = evaluate_resource_policy(translated(policy, canonical, arn), request).decision
        return bool(decision == "Allow")

    s3._cloudfront_origin_allows = allows


def translated(policy: str | dict[str, Any], canonical: str, arn: str) -> dict[str, Any]:
    """A bucket policy with a canonical user written as the identity's ARN, as AWS stores it."""
    document: dict[str, Any] = json.loads(policy) if isinstance(policy, (str, bytes)) else dict(policy)
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements

    def one(statement: dict[str, Any]) -> dict[str, Any]:
        principal = statement.get("Principal")
        if not isinstance(principal, dict):
            return statement
        users = principal.get("CanonicalUser", [])
        users = [users] if isinstance(users, str) else users
        return {**statement, "Principal": {"AWS": [arn]}} if canonical in users else statement

    return {**document, "Statement": [one(statement) for statement in statements]}


def with_ports(props: dict[str, Any]) -> dict[str, Any]:
    """Properties with the ports that CloudFormation adds: in CloudFront's own answers both are required."""
    config = props["DistributionConfig"]
    origins = [
        {**origin, "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, **origin["CustomOriginConfig"]}}
        if origin.get("CustomOriginConfig")
        else origin
        for origin in config.get("Origins") or []
    ]
    return {**props, "DistributionConfig": {**config, "Origins": origins}}


def requested_paths(body: bytes) -> list[str]:
    """Paths of a CreateInvalidation request's XML body."""
    root = ElementTree.fromstring(body)  # noqa: S314 - MiniStack has parsed and accepted this body
    return [element.text or "" for element in root.iter() if element.tag.rpartition("}")[2] == "Path"]


def _refusal(function: str) -> Any:
    operation = function.strip("_").replace("_", " ")

    def refuse(*_arguments: Any) -> Response:
        from ministack.services import cloudfront

        response: Response = cloudfront._error(
            "UnsupportedOperation",
            f"The sandbox does not {operation} over the API: use a template's {TYPE}.",
            400,
        )
        return response

    return refuse

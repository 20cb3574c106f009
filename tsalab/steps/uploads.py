"""Where an upload went that did not go where the pipeline reads."""

from __future__ import annotations

import re
from hashlib import md5
from pathlib import Path

from tsalab.cloud.account import Account
from tsalab.cloud.bucket import Bucket, Listed, StoredObject, bucket_names
from tsalab.cloud.pipeline import Source
from tsalab.errors import CloudError

# An account may hold any number of buckets, and a bucket of objects: this is no search of them all.
_MOST_BUCKETS, _MOST_OBJECTS = 20, 5000
_PREFIXES = ("infra", "cloudformation/infra")
_NAME = re.compile(r"(.*/)?infra[^/]*\.(zip|ya?ml)", re.IGNORECASE)


def find_stray(
    account: Account, source: Source, uploaded: StoredObject | None, package: Path
) -> Listed | None:
    """The newest object that looks like the learner's template, newer than the pipeline's own.

    Parameters
    ----------
    account
        Whose buckets are looked through.
    source
        What the pipeline reads; this object is no stray.
    uploaded
        The object there, if any.
    package
        The learner's zip, known again under another name by its digest.
    """
    # S3's ETag of an object that was put in one piece is this digest.
    digest = md5(package.read_bytes(), usedforsecurity=False).hexdigest() if package.is_file() else ""

    def strays(name: str, *prefixes: str) -> list[Listed]:
        return [
            found
            for prefix in prefixes
            for found in _listed(account, name, prefix)
            if (found.bucket, found.key) != (source.bucket, source.key)
            and (_NAME.fullmatch(found.key) or found.etag == digest)
            and (uploaded is None or found.modified >= uploaded.modified)
        ]

    # The data bucket first: a wrong key is the likelier slip, and the pipeline's own artifacts lie elsewhere.
    found = strays(source.bucket, "")
    if not found:
        others = [name for name in _buckets(account) if name != source.bucket]
        # Of those with the lab's words in their names first.
        others.sort(key=lambda name: not re.search("tsa|pipelineartifacts", name))
        found = [stray for name in others[:_MOST_BUCKETS] for stray in strays(name, *_PREFIXES)]
    return max(found, key=lambda stray: stray.modified, default=None)


def _buckets(account: Account) -> list[str]:
    try:
        return bucket_names(account)
    except CloudError:
        return []  # not everybody may list them, and nobody needs to for the lab


def _listed(account: Account, name: str, prefix: str) -> list[Listed]:
    try:
        return Bucket(account, name).listed(prefix, most=_MOST_OBJECTS)
    except CloudError:
        return []  # somebody else's, or just deleted: nothing of the lab is there

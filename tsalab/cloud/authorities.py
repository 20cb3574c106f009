"""The certificate authorities by which an Aurora cluster proves its name.

RDS signs with authorities of its own, which no computer knows by itself; AWS publishes their
certificates as one file. A profile may name another file (``tsalab_database_ca``).
"""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from tsalab import settings
from tsalab.cloud.account import Account
from tsalab.errors import CloudError
from tsalab.files import write_private

# "Using SSL/TLS to encrypt a connection to a DB cluster", Amazon Aurora User Guide; the partitions
# of China and GovCloud have authorities of their own.
_BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
_PARTITIONS = {
    "cn-": "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem",
    "us-gov-": "https://truststore.pki.us-gov-west-1.rds.amazonaws.com/global/global-bundle.pem",
}
_SECONDS = 20.0


def bundle(account: Account) -> Path:
    """File of the certificates to verify a cluster by: the profile's, else AWS's, fetched once and kept.

    Parameters
    ----------
    account
        Whose profile and region.

    Raises
    ------
    CloudError
        When AWS's file can neither be found in the cache nor be fetched.
    """
    if account.database_ca is not None:
        return account.database_ca
    url = next((url for start, url in _PARTITIONS.items() if account.region.startswith(start)), _BUNDLE)
    kept = settings.cache() / "rds" / url.split("/")[2] / "global-bundle.pem"
    if not kept.is_file():
        write_private(kept, _fetched(url, account))
    return kept


def _fetched(url: str, account: Account) -> str:
    try:
        # Verified, as httpx does unless told otherwise: whoever could change this file could be anybody.
        answer = httpx.get(url, timeout=_SECONDS, follow_redirects=True)
        answer.raise_for_status()
        ssl.create_default_context(cadata=answer.text)
    except httpx.HTTPError as error:
        raise CloudError.no_bundle(url, str(error) or type(error).__name__, account.profile.name) from None
    except ssl.SSLError:
        raise CloudError.no_bundle(url, "", account.profile.name) from None
    return answer.text

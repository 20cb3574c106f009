"""Turn what boto3 raises into errors a person can read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore import exceptions as boto

from tsalab.errors import CloudError, ProfileError

# What AWS answers when the credentials themselves are the problem, by service family.
_BAD_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)

# What botocore raises when it finds no credentials to sign with, or cannot renew them.
_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.SSOError,
)


# S3 answers a HEAD without a body: a session that has expired is then a bare 400, like much else.
_WORDLESS = "400"


@contextmanager
def refusals(doing: str, profile: str, identify: Callable[[], object] | None = None) -> Iterator[None]:
    """Say what was being done when AWS refused.

    Parameters
    ----------
    doing
        The action, as it follows "AWS refused to".
    profile
        The profile in use.
    identify
        Asks AWS something that fails for bad credentials alone; called when a refusal does
        not say whether they were its reason.

    Raises
    ------
    ProfileError
        When the credentials are missing, wrong or expired.
    CloudError
        For any other refusal, or when AWS cannot be reached.
    """
    try:
        yield
    except boto.ClientError as error:
        code, message = error_code(error), str(error.response["Error"].get("Message", ""))
        if code in _BAD_CREDENTIALS:
            raise ProfileError.refused(profile, f"{code}: {message}") from error
        if code == _WORDLESS and identify is not None:
            with refusals(doing, profile):
                identify()
        raise CloudError.refused(doing, code, message) from error
    except _NO_CREDENTIALS as error:
        raise ProfileError.refused(profile, str(error)) from error
    except (boto.ConnectionError, boto.HTTPClientError) as error:
        where = error.kwargs.get("endpoint_url") or error.kwargs.get("proxy_url") or "AWS"
        raise CloudError.unreachable(doing, str(where), str(error)) from error


def error_code(error: boto.ClientError) -> str:
    """AWS's code of a refusal, such as ``AccessDenied``."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))

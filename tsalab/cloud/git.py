"""Git's credentials for CodeCommit: a signature, made here for our own git, or by a helper for a terminal's.

``python -m tsalab.cloud.git --profile NAME`` answers git's credential protocol. The
password it gives is a signature that is good for fifteen minutes; no key is written
anywhere. The scheme is the one of ``aws codecommit credential-helper``: SigV4 over the
method ``GIT``, the path, and the host without its port. git starts this module once a
command, so it imports no boto3, which would double its time.
"""

from __future__ import annotations

import datetime
import shlex
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from tsalab.cloud.sessions import core_session
from tsalab.errors import ProfileError
from tsalab.messages import say
from tsalab.profiles import locate

_SERVICE = "codecommit"
_FROM_ENVIRONMENT = (
    '!f() { test "$1" = get && echo "username=$TSALAB_GIT_USER" && echo "password=$TSALAB_GIT_PASSWORD"; }; f'
)


def sign(session: botocore.session.Session, region: str, path: str, host: str) -> tuple[str, str]:
    """User name and password for one repository, for the next fifteen minutes.

    Raises
    ------
    ProfileError
        When the profile has no credentials.

    Parameters
    ----------
    session
        A session whose profile has credentials.
    region
        The repository's region.
    path
        The URL's path, with its leading slash.
    host
        The URL's host; a port is left out of the signature, as CodeCommit's helper does.
    """
    found = session.get_credentials()
    if found is None:
        raise ProfileError.refused(str(session.profile), say("profile.refused.no_credentials"))
    credentials = found.get_frozen_credentials()
    signer = SigV4Auth(credentials, _SERVICE, region)
    request = AWSRequest(method="GIT", url=f"https://{host}{path}")
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S")
    request.context["timestamp"] = stamp
    canonical = f"GIT\n{path}\n\nhost:{host.split(':')[0]}\n\nhost\n"
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    token = f"%{credentials.token}" if credentials.token else ""
    return f"{credentials.access_key}{token}", f"{stamp}Z{signature}"


def main(argv: Sequence[str]) -> int:
    """Answer git's credential protocol on standard input and output."""
    options = dict(zip(argv[:-1:2], argv[1::2], strict=False))
    if argv[-1] != "get":  # nothing is ever stored or erased
        return 0
    asked = dict(line.strip().split("=", 1) for line in sys.stdin if "=" in line)
    session = core_session(locate(options["--profile"]))
    region = options.get("--region") or session.get_config_variable("region")
    user, password = sign(session, region, "/" + asked.get("path", "").lstrip("/"), asked["host"])
    sys.stdout.write(f"username={user}\npassword={password}\n")
    return 0


def signed(session: botocore.session.Session, region: str, url: str) -> tuple[list[str], dict[str, str]]:
    """Options and environment with which one git command may use a repository.

    The signature travels in the environment: in nobody's command line, and without a
    Python process for each command.

    Parameters
    ----------
    session
        A session whose profile has credentials.
    region
        The repository's region.
    url
        Its clone URL.

    Raises
    ------
    ProfileError
        When the profile has no credentials.
    """
    parts = urlsplit(url)
    user, password = sign(session, region, parts.path, parts.netloc)
    # The first, empty helper switches off whatever the person's own git would ask (and store).
    options = ["-c", "credential.helper=", "-c", f"credential.helper={_FROM_ENVIRONMENT}"]
    return options, {"TSALAB_GIT_USER": user, "TSALAB_GIT_PASSWORD": password}


def helper(profile: str, region: str) -> str:
    """Value of git's ``credential.helper`` that asks this module, each time anew."""
    command = [sys.executable, "-m", "tsalab.cloud.git", "--profile", profile, "--region", region]
    return f"!{shlex.join(command)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

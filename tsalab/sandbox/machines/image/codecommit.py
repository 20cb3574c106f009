"""Git's credential helper of CodeCommit: ``aws codecommit credential-helper get``.

Signs as the AWS CLI does (Signature Version 4 with the made-up method GIT over the
repository's path, host without its port) with the credentials of the server's role. Runs
with ``python -I -S``: only the standard library, and little of it.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from http.client import HTTPConnection


def credentials() -> tuple[str, str, str | None]:
    """Keys from the environment, else from the instance's credentials endpoint."""
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return (
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ["AWS_SECRET_ACCESS_KEY"],
            os.environ.get("AWS_SESSION_TOKEN"),
        )
    place, _, path = os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"].partition("//")[2].partition("/")
    connection = HTTPConnection(place, timeout=30)
    headers = {"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
    connection.request("GET", "/" + path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        sys.exit(f"aws: no credentials for this server: {body.decode(errors='replace')}")
    found = json.loads(body)
    return found["AccessKeyId"], found["SecretAccessKey"], found.get("Token")


def signed(secret: str, region: str, host: str, path: str) -> str:
    """Timestamp and signature: what CodeCommit takes as a password."""
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    canonical = f"GIT\n/{path}\n\nhost:{host.partition(':')[0]}\n\nhost\n"
    scope = f"{moment[:8]}/{region}/codecommit/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in (moment[:8], region, "codecommit", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return f"{moment}Z{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}"


def main() -> None:
    """Answer ``get``; ``store`` and ``erase`` have nothing to do."""
    if "get" not in sys.argv[1:]:
        return
    asked = dict(line.strip().split("=", 1) for line in sys.stdin if "=" in line)
    access_key, secret, token = credentials()
    region = os.environ.get("AWS_REGION", "us-east-1")
    user = f"{access_key}%{token}" if token else access_key
    password = signed(secret, region, asked["host"], asked["path"])
    sys.stdout.write(f"username={user}\npassword={password}\n")


main()

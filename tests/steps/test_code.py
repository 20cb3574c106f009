"""Step 15: which clones are the lab's repository."""

from __future__ import annotations

import pytest

from tsalab.steps.code import same_repository

AWS = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/TSAGallery-API"
SANDBOX = "http://127.0.0.1:4000/v1/repos/TSAGallery-API"


@pytest.mark.parametrize(
    ("origin", "url", "same"),
    [
        (AWS, AWS, True),
        (f"{AWS}/", AWS, True),
        (AWS.replace("https://", "https://ada-at-1234@"), AWS, True),
        (AWS.replace("https://", "ssh://APKAEXAMPLE@"), AWS, True),
        ("codecommit::us-east-1://TSAGallery-API", AWS, True),
        ("codecommit://class@TSAGallery-API", AWS, True),
        ("codecommit://TSAGallery-API", AWS, True),
        (SANDBOX, SANDBOX, True),
        (SANDBOX.replace("4000", "4001"), SANDBOX, False),
        ("codecommit://class@TSAGallery-SPA", AWS, False),
        (AWS.replace("-API", "-SPA"), AWS, False),
        (AWS.replace("us-east-1", "eu-west-1"), AWS, False),
        ("https://elsewhere.example/v1/repos/TSAGallery-API", AWS, False),
        ("", AWS, False),
    ],
)
def test_an_origin_is_the_repository(origin: str, url: str, same: bool) -> None:
    assert same_repository(origin, url) is same

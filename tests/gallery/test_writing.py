"""What the admin may do, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from .parts import GALLERY, App, Aws, Database, running
from .test_files import jpeg_size

PHOTO = (GALLERY / "photos" / "dunes.jpg").read_bytes()
FIELDS = {"title": "Über den Wolken <b>", "categoryId": "2", "tags": "Sky, ☁, sky, été, ETE", "alt": "Clouds"}


@pytest.fixture
def admin(app: App, database: Database, aws: Aws) -> Iterator[App]:
    database.seed()
    aws.objects.clear()
    app.login()
    yield app
    app.cookie = ""
    aws.refuse_writes = False


def test_login_gives_a_cookie_that_scripts_cannot_read(app: App) -> None:
    answer = app.ask("POST", "/api/login", {"username": "admin", "password": "2happymonkeys!"})
    assert answer.json == {"user": {"username": "admin", "displayName": "Zoë, who keeps the gallery"}}
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert app.get("/api/session")["user"] is not None
    assert app.ask("POST", "/api/logout").json == {"user": None}
    assert app.cookie == ""
    assert app.get("/api/session") == {"user": None}


def test_over_https_the_cookie_stays_there(app: App) -> None:
    body = {"username": "admin", "password": "2happymonkeys!"}
    for headers in ({"X-Forwarded-Proto": "https"}, {"CloudFront-Forwarded-Proto": "https"}):
        assert "Secure" in app.ask("POST", "/api/login", body, headers=headers).headers["Set-Cookie"]
    app.cookie = ""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "admin", "password": "wrong"}, 401),
        ({"username": "nobody", "password": "2happymonkeys!"}, 401),
        ({"username": "admin"}, 400),
        ({"username": {"a": 1}, "password": "x"}, 400),
        ({"username": "admin", "password": {"password": 1}}, 400),
        ([], 400),
    ],
)
def test_a_wrong_login_is_refused(app: App, body: object, status: int) -> None:
    answer = app.ask("POST", "/api/login", body)
    assert answer.status == status
    assert answer.headers["Set-Cookie"] is None


def test_guessing_is_slowed(app: App) -> None:
    guess = {"username": "admin", "password": "guess"}
    here = {"X-Forwarded-For": "203.0.113.9"}
    statuses = [app.ask("POST", "/api/login", guess, headers=here).status for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert app.ask("POST", "/api/login", guess, headers={"X-Forwarded-For": "203.0.113.10"}).status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/categories"),
        ("PUT", "/api/categories/1"),
        ("DELETE", "/api/categories/1"),
        ("POST", "/api/images"),
        ("PUT", "/api/images/1"),
        ("DELETE", "/api/images/1"),
    ],
)
def test_guests_change_nothing(app: App, method: str, path: str) -> None:
    assert app.ask(method, path).status == 401
    app.login()
    good = app.cookie
    user, expires, signature = good.split("=", 1)[1].split(".")
    for forged in (
        f"{user}.{int(expires) + 1}.{signature}",
        f"2.{expires}.{signature}",
        f"{user}.{expires}.{'A' * 43}",
        f"{user}.1.{signature}",
        "x",
        "",
    ):
        app.cookie = f"tsagallery_session={forged}"
        assert app.ask(method, path).status == 401
    app.cookie = ""


def test_a_new_password_ends_the_sessions(admin: App, database: Database) -> None:
    assert admin.get("/api/session")["user"]
    database.sql("UPDATE users SET password_hash = CONCAT(password_hash, 'x')", "tsagallery")
    assert admin.get("/api/session") == {"user": None}


def test_a_category_comes_changes_and_goes(admin: App) -> None:
    added = admin.ask("POST", "/api/categories", {"name": "  Küste 🌊 ", "description": "Salt"})
    assert added.status == 201
    new: Any = added.json
    assert (new["name"], new["images"], new["coverUrl"]) == ("Küste 🌊", 0, None)
    path = f"/api/categories/{new['id']}"
    assert admin.ask("PUT", path, {"name": "Coast"}).json == {**new, "name": "Coast"}
    assert admin.ask("DELETE", path).json == {"deleted": new["id"]}
    assert admin.ask("DELETE", path).status == 404
    assert admin.ask("PUT", path, {"name": "x"}).status == 404


def test_category_problems_say_which_field(admin: App) -> None:
    for body in ({}, {"name": " "}, {"name": "x" * 101}, {"name": ["x"]}, {"name": "x", "description": 5}):
        answer = admin.ask("POST", "/api/categories", body)
        problem: Any = answer.json["error"]
        assert answer.status == 400
        assert problem["field"] in {"name", "description"}
    assert admin.ask("POST", "/api/categories", {"name": "nights"}).status == 409
    assert admin.ask("PUT", "/api/categories/1", {"name": "Nights"}).status == 409
    assert admin.ask("DELETE", "/api/categories/1").status == 409
    broken = admin.ask("POST", "/api/categories", raw=b"{", headers={"Content-Type": "application/json"})
    assert broken.status == 400
    long = admin.ask("POST", "/api/categories", {"name": "x" * 70000})
    assert long.status == 413


def test_a_photo_is_uploaded_shown_changed_and_deleted(admin: App, aws: Aws, database: Database) -> None:
    answer = admin.upload(PHOTO, **FIELDS)
    image: Any = answer.json
    assert answer.status == 201, answer.body
    assert image["title"] == "Über den Wolken <b>"
    assert image["tags"] == ["☁", "été", "sky"]
    assert re.fullmatch(r"/images/uploads/uber-den-wolken-b-[0-9a-f]{8}\.jpg", image["url"])
    stored = {path.removeprefix("/the-data-bucket"): value for path, value in aws.objects.items()}
    assert set(stored) == {image["url"], image["thumbUrl"]}
    photo, headers = stored[image["url"]]
    assert jpeg_size(photo) == (image["width"], image["height"]) == (1200, 800)
    assert len(photo) == image["bytes"]
    assert headers["Content-Type"] == "image/jpeg"
    assert "immutable" in headers["Cache-Control"]
    assert jpeg_size(stored[image["thumbUrl"]][0]) == (400, 267)
    assert list((admin.folder / "uploads").iterdir()) == [], "nothing stays on the server's own disk"

    path = f"/api/images/{image['id']}"
    changed: Any = admin.ask("PUT", path, {"title": "Wolken", "tags": ["new", "Sky"], "categoryId": 3}).json
    assert (changed["title"], changed["tags"], changed["category"]["name"]) == (
        "Wolken",
        ["new", "sky"],
        "Nights",
    )
    assert changed["alt"] == "Clouds", "what is not sent stays"
    kept: Any = admin.ask("PUT", path, {"alt": "Other"}).json
    assert kept["tags"] == ["new", "sky"]
    assert admin.ask("PUT", path, {"categoryId": 99}).status == 400

    assert admin.ask("DELETE", path).json == {"deleted": image["id"], "filesDeleted": True}
    assert aws.objects == {}
    assert admin.ask("DELETE", path).status == 404
    assert database.sql("SELECT COUNT(*) FROM tags WHERE name = 'new'", "tsagallery") == "0", "unused tags go"
    assert database.sql("SELECT COUNT(*) FROM tags", "tsagallery") == "10"


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"title": ""}, 400, "title"),
        ({"categoryId": "99"}, 400, "categoryId"),
        ({"categoryId": "x"}, 400, "categoryId"),
        ({"tags": ",".join(str(n) for n in range(21))}, 400, "tags"),
    ],
)
def test_a_wrong_form_leaves_nothing(
    admin: App, aws: Aws, fields: dict[str, str], status: int, field: str
) -> None:
    answer = admin.upload(PHOTO, **{**FIELDS, **fields})
    problem: Any = answer.json["error"]
    assert (answer.status, problem["field"]) == (status, field)
    assert aws.objects == {}
    assert list((admin.folder / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("photo", "status"),
    [
        (b"GIF89a no", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", 415),
        (PHOTO[:5000], 415),
        (b"x" * 13_000_000, 413),
    ],
)
def test_what_is_no_photo_is_refused(admin: App, aws: Aws, photo: bytes, status: int) -> None:
    answer = admin.upload(photo, **FIELDS)
    assert answer.status == status, answer.body
    assert aws.objects == {}
    assert list((admin.folder / "uploads").iterdir()) == []


def test_a_form_without_its_file_is_refused(admin: App) -> None:
    assert admin.ask("POST", "/api/images", {"title": "x"}).status == 400
    wrong = admin.ask(
        "POST", "/api/images", raw=b"x", headers={"Content-Type": "multipart/form-data; boundary=y"}
    )
    assert wrong.status == 400, wrong.body


def test_when_s3_refuses_nothing_is_half_there(admin: App, aws: Aws, database: Database) -> None:
    aws.refuse_writes = True
    answer = admin.upload(PHOTO, **FIELDS)
    problem: Any = answer.json["error"]
    assert (answer.status, problem["code"]) == (502, "storage_unavailable")
    assert aws.objects == {}, "the photo that was stored before its thumbnail is taken back"
    assert database.sql("SELECT COUNT(*) FROM images", "tsagallery") == "6"


def test_a_session_lasts_through_a_restart(database: Database, aws: Aws, tmp_path: Any) -> None:
    database.seed()
    with running(App(tmp_path, database, aws)) as app:
        app.login()
        app.stop()
        app.start()
        assert app.get("/api/session")["user"]
        assert "2happymonkeys" not in app.output
        assert "my-secret-pw" not in app.output

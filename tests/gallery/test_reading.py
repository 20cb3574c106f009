"""What guests may do."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from .parts import App, Database


def titles(app: App, query: str) -> list[str]:
    found: Any = app.get(f"/api/images?{query}")
    return [item["title"] for item in found["items"]]


def test_health_names_the_database_and_no_secret(app: App, database: Database) -> None:
    answer = app.ask("GET", "/api/health")
    health: Any = answer.json
    assert answer.status == 200
    assert health["ok"] is True
    assert health["images"] == 6
    assert health["database"] | {"milliseconds": 0, "server": ""} == {
        "host": "127.0.0.1",
        "port": database.port,
        "name": "tsagallery",
        "answers": True,
        "server": "",
        "milliseconds": 0,
    }
    assert "MariaDB" in health["database"]["server"]
    assert b"my-secret-pw" not in answer.body
    assert b"tsauser" not in answer.body


def test_answers_are_never_cached_and_always_json(app: App) -> None:
    for path in ("/api/health", "/api/images", "/api/images/99", "/api/nothing", "/nothing"):
        answer = app.ask("GET", path)
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.headers["Cache-Control"] == "no-store", path
        assert answer.headers["X-Powered-By"] is None


def test_categories(app: App) -> None:
    found: Any = app.get("/api/categories")
    assert [(item["name"], item["images"]) for item in found["items"]] == [
        ("Mountains", 2),
        ("Nights", 2),
        ("Wide & open", 2),
    ]
    assert found["items"][0]["coverUrl"] == "/images/uploads/blue-ridges_thumb.jpg"
    assert (
        app.get("/api/categories/3")["description"] == "What is worth staying up for: noc, nuit, νύχτα, ночь."
    )
    assert app.ask("GET", "/api/categories/77").status == 404


def test_pages_of_photos_newest_first(app: App) -> None:
    first: Any = app.get("/api/images?pageSize=4")
    second: Any = app.get("/api/images?pageSize=4&page=2")
    assert [item["id"] for item in first["items"] + second["items"]] == [6, 5, 4, 3, 2, 1]
    assert {key: first[key] for key in ("page", "pageSize", "pages", "total")} == {
        "page": 1,
        "pageSize": 4,
        "pages": 2,
        "total": 6,
    }
    assert app.get("/api/images?page=9")["items"] == []


def test_one_photo_with_tags_and_neighbours(app: App) -> None:
    assert app.get("/api/images/6") == {
        "id": 6,
        "title": "Norðurljós",
        "description": "Northern lights over a black wood: green first, then violet at the hem, "
        "then so fast that nobody spoke.",
        "alt": "Green and violet curtains of northern light hang in a starry sky above a black line of firs.",
        "category": {"id": 3, "name": "Nights"},
        "tags": ["firs", "sky", "звёзды"],
        "url": "/images/uploads/northern-lights.jpg",
        "thumbUrl": "/images/uploads/northern-lights_thumb.jpg",
        "width": 1200,
        "height": 800,
        "bytes": 99061,
        "createdAt": "2024-03-28T23:40:00Z",
        "newer": None,
        "older": 5,
    }
    assert "🐮" in str(app.get("/api/images/5")["description"]), "four-byte characters arrive"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("category=1", ["Nine ridges", "Lake at dawn"]),
        ("q=LAKE", ["Lake at dawn"]),
        ("q=" + quote("firs sky"), ["Norðurljós", "Nine ridges", "Lake at dawn"]),
        ("q=nights", ["Norðurljós", "City at the blue hour"]),
        ("q=" + quote("звёзды"), ["Norðurljós"]),
        ("q=" + quote("🐮"), ["Poppy meadow"]),
        ("q=duenen", []),
        ("q=dunen", ["Dünen im Abendlicht"]),
        ("tag=water&category=3", ["City at the blue hour"]),
        ("tag=" + quote("été"), ["Poppy meadow"]),
        ("q=%25", []),
        ("q=_", []),
        ("q=%5C", []),
        (
            "q=",
            [
                "Norðurljós",
                "Poppy meadow",
                "Nine ridges",
                "City at the blue hour",
                "Dünen im Abendlicht",
                "Lake at dawn",
            ],
        ),
    ],
)
def test_search(app: App, query: str, expected: list[str]) -> None:
    assert titles(app, query) == [title for title in expected if title in titles(app, query)] == expected


def test_tags(app: App) -> None:
    found: Any = app.get("/api/tags")
    assert {"name": "firs", "images": 3} in found["items"]
    assert len(found["items"]) == 10


@pytest.mark.parametrize(
    "path",
    [
        "/api/images?category=1%20OR%201=1",
        "/api/images?category[]=1",
        "/api/images?category=0",
        "/api/images?page=-1",
        "/api/images?pageSize=5000",
        "/api/images?q[a]=b",
        "/api/images?q=" + "x" * 101,
        "/api/images/1;DROP%20TABLE%20images",
        "/api/images/99999999999",
        "/api/categories/x",
        "/api/images/%E0%A4%A",
    ],
)
def test_what_cannot_be_read_is_refused_in_words(app: App, path: str) -> None:
    answer = app.ask("GET", path)
    problem: Any = answer.json["error"]
    assert answer.status == 400
    assert problem["code"] == "invalid"
    assert problem["message"]


@pytest.mark.parametrize(
    "text", ["' OR '1'='1", "'; DROP TABLE images; -- ", "\\' OR 1=1 -- ", "%' UNION SELECT 1 -- "]
)
def test_sql_in_a_search_is_only_text(app: App, database: Database, text: str) -> None:
    assert titles(app, "q=" + quote(text)) == []
    assert titles(app, "tag=" + quote(text)) == []
    login = app.ask("POST", "/api/login", {"username": text, "password": text})
    assert login.status == 401
    assert database.sql("SELECT COUNT(*) FROM images", "tsagallery") == "6"

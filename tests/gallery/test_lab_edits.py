"""Steps 13 to 30 on the app: it works before and after the edits, and what runs meanwhile keeps working."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .parts import FRAGMENTS, GALLERY, App, Aws, Database

PASSWORD = "a-password-of-forty-letters-and-numbers1"


def fragment(name: str) -> str:
    return (FRAGMENTS / name).read_text()


def add_secret_name(app: App) -> None:
    line = next(
        text for text in (app.folder / "utils/config.js").read_text().splitlines(True) if "s3Bucket" in text
    )
    app.edit("utils/config.js", line, line + fragment("config-secret-name.js"))


def delete_db_config(app: App) -> None:
    app.edit("utils/config.js", fragment("config-db.js"), "")


def delete_pool(app: App) -> None:
    app.edit("app.js", fragment("app-pool-old.js"), "")


def read_secret(app: App) -> None:
    app.edit(
        "app.js",
        "    if (!app.locals.dbpool) {\n",
        "    if (!app.locals.dbpool) {\n" + fragment("app-pool-new.js"),
    )


@pytest.fixture
def moved(database: Database, aws: Aws) -> Database:
    """The data in a second database, moved by the lab's own dump and load."""
    database.seed()
    database.sql(
        "DROP DATABASE IF EXISTS TSAGalleryData; CREATE DATABASE TSAGalleryData;"
        f"CREATE OR REPLACE USER admin@'%' IDENTIFIED BY '{PASSWORD}'; "
        "GRANT ALL ON TSAGalleryData.* TO admin@'%'"
    )
    dump = subprocess.run(
        [
            "mysqldump",
            "--no-defaults",
            "-S",
            database.socket,
            "-u",
            "tsauser",
            "-pmy-secret-pw",
            "tsagallery",
        ],
        check=True,
        capture_output=True,
    ).stdout
    database.sql(dump, "TSAGalleryData")
    aws.secrets["TSAGallery-RDSMasterSecret"] = json.dumps(
        {
            "engine": "mysql",
            "host": "127.0.0.1",
            "port": database.port,
            "username": "admin",
            "password": PASSWORD,
            "dbname": "TSAGalleryData",
            "dbClusterIdentifier": "tsagallery-database-cluster",
        }
    )
    return database


@pytest.fixture
def fresh(moved: Database, aws: Aws, tmp_path: Path) -> Iterator[App]:
    app = App(tmp_path, moved, aws)
    yield app
    app.stop()


def database_name(app: App) -> str:
    health: Any = app.get("/api/health")
    return str(health["database"]["name"])


def test_the_lab_from_the_first_edit_to_the_last(fresh: App, moved: Database, aws: Aws) -> None:
    fresh.start()
    fresh.login()
    assert database_name(fresh) == "tsagallery"
    for edit in (add_secret_name, delete_db_config, delete_pool, read_secret):
        edit(fresh)
        assert database_name(fresh) == "tsagallery", "the app that runs is untouched by edits of its files"
    assert fresh.stop() == 0
    fresh.start()
    moved.sql("DROP DATABASE tsagallery")

    assert database_name(fresh) == "TSAGalleryData"
    found: Any = fresh.get("/api/images?q=firs")
    assert found["total"] == 3
    assert "🐮" in str(fresh.get("/api/images/5")["description"])
    assert fresh.get("/api/session")["user"], "the session outlives the move"
    added: Any = fresh.ask("POST", "/api/categories", {"name": "После 🌅"}).json
    assert added["name"] in moved.sql("SELECT name FROM categories", "TSAGalleryData").splitlines()
    photo = (GALLERY / "photos" / "poppies.jpg").read_bytes()
    assert fresh.upload(photo, title="After", categoryId="1").status == 201
    assert PASSWORD not in fresh.output


def test_the_secret_name_alone_changes_nothing(fresh: App) -> None:
    add_secret_name(fresh)
    fresh.start()
    assert database_name(fresh) == "tsagallery"


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ((add_secret_name, delete_db_config), "utils/config.js has no db block"),
        ((add_secret_name, delete_db_config, delete_pool), "app.js makes no database pool"),
    ],
)
def test_half_of_the_edits_is_told_in_words(fresh: App, edits: tuple[Any, ...], says: str) -> None:
    for edit in edits:
        edit(fresh)
    fresh.launch()
    assert fresh.ended() == 1
    assert says in fresh.output
    assert len(fresh.output.splitlines()) == 1, "no stack trace"


def edited(app: App) -> App:
    for edit in (add_secret_name, delete_db_config, delete_pool, read_secret):
        edit(app)
    return app


def test_another_secret_name_comes_from_the_environment(fresh: App, aws: Aws) -> None:
    aws.secrets["Other-RDSMasterSecret"] = aws.secrets.pop("TSAGallery-RDSMasterSecret")
    fresh.env["SECRETNAME"] = "Other-RDSMasterSecret"
    edited(fresh).start()
    assert database_name(fresh) == "TSAGalleryData"


def test_a_wrong_secret_name_is_told_by_name(fresh: App) -> None:
    fresh.env["SECRETNAME"] = "Wrong-Secret"
    edited(fresh).launch()
    assert fresh.ended() == 1
    assert "the secret Wrong-Secret cannot be read" in fresh.output
    assert "ResourceNotFoundException" in fresh.output


def test_a_secret_that_is_no_json_is_told_without_its_value(fresh: App, aws: Aws) -> None:
    aws.secrets["TSAGallery-RDSMasterSecret"] = PASSWORD
    edited(fresh).launch()
    assert fresh.ended() == 1
    assert "is no JSON" in fresh.output
    assert PASSWORD not in fresh.output
    assert PASSWORD[:10] not in fresh.output


def test_a_database_without_the_data_says_so(fresh: App, moved: Database) -> None:
    moved.sql("DROP DATABASE TSAGalleryData; CREATE DATABASE TSAGalleryData")
    edited(fresh).start()
    health = fresh.ask("GET", "/api/health")
    answer: Any = health.json
    assert (health.status, answer["ok"], answer["database"]["problem"]) == (503, False, "ER_NO_SUCH_TABLE")
    images = fresh.ask("GET", "/api/images")
    problem: Any = images.json["error"]
    assert (images.status, problem["code"]) == (503, "database_empty")

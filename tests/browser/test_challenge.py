"""Challenge mode in JupyterLab: files edited in its editor, commands typed in its terminal.

No cell does a step: each is done by hand and then checked by its cell. The tests of this
file run in order, on one sandbox and one open notebook.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import JupyterLab, serving
from tests.browser.driver import Person
from tests.journeys.test_by_hand import FRAGMENTS, insert_before
from tsalab import resources
from tsalab.course import CLEANUP, LAB
from tsalab.profiles import Profile
from tsalab.records import MIMETYPE

pytestmark = pytest.mark.timeout(600)

REMOTE = r"[#$] $"
HELPER = "'!aws codecommit credential-helper --ignore-host-check $@'"
GIT = f"git -c credential.helper= -c credential.helper={HELPER} -c credential.UseHttpPath=true"


@pytest.fixture(scope="module")
def lab4(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    name, folder = module_sandbox.name, module_sandbox.folder
    profile = Profile(name, folder.path("aws", "config"), folder.path("aws", "credentials"))
    environment = {**os.environ, "TSALAB_HOME": str(module_sandbox.home)}
    with serving(tmp_path_factory.mktemp("challenger"), environment, profile) as server:
        shutil.copy(resources.notebooks() / LAB.notebook, server.folder)
        yield server


@pytest.fixture(scope="module")
def learner(browser: Browser, lab4: JupyterLab, module_sandbox: Any) -> Iterator[Person]:
    person = Person(browser, lab4)
    person.open(LAB.notebook)
    begin(person, module_sandbox.name, "challenge")
    person.open_terminal()
    yield person
    person.close()


def begin(person: Person, profile: str, mode: str) -> None:
    """Give the notebook in front its parameters, and open the lab."""
    person.write_in(
        "parameters",
        f"profile = {profile!r}\nlearner = 'Grace'\nworkdir = 'work'\nmethod = 'dump'\n"
        f"region = variant = bootstrap = ''\nmode = {mode!r}\nconfirm = 'ask'",
    )
    for cell in ("parameters", "open"):
        assert [o for o in person.run(cell) if o["output_type"] == "error"] == []


def checked(learner: Person, *steps: int) -> None:
    """Run the cells of some steps: each says that its step is done."""
    learner.show(LAB.notebook)
    for step in steps:
        record = record_of(learner.run(f"step-{step}"))
        assert record["status"] == "passed", record
        assert record["mode"] == "challenge"


def record_of(outputs: list[dict[str, Any]]) -> dict[str, Any]:
    found = [output["data"][MIMETYPE] for output in outputs if MIMETYPE in output.get("data", {})]
    assert len(found) == 1, outputs
    return dict(found[0])


def block(name: str) -> str:
    return (FRAGMENTS / name).read_text(encoding="utf-8").rstrip("\n") + "\n"


def test_a_cell_says_what_to_do_and_does_nothing(learner: Person, lab4: JupyterLab) -> None:
    learner.show(LAB.notebook)
    record = record_of(learner.run("step-1"))
    assert record["status"] == "failed"
    assert record["next"]
    assert not (lab4.folder / "work" / "infra.yml").exists()


@pytest.mark.slow
def test_the_template(learner: Person) -> None:
    learner.type("mkdir -p work && cd work")
    where = "pipeline.stages[0].actions[0].configuration.join('/', [S3Bucket, S3ObjectKey])"
    pipeline = "aws codepipeline get-pipeline --name TSA-Bootstrap-Pipeline --output text --query"
    learner.type(f'SOURCE=s3://$({pipeline} "{where}")')
    learner.type("aws s3 cp --no-progress $SOURCE lab3.zip && python3 -m zipfile -e lab3.zip .")
    checked(learner, 1)
    for step, name in ((2, "database-subnet-group"), (3, "database-secret"), (4, "database-cluster")):
        learner.edit(
            "work/infra.yml",
            lambda text, name=name: insert_before(text, r"^Outputs:", block(f"{name}.yml") + "\n"),
        )
        checked(learner, step)
    learner.edit(
        "work/infra.yml",
        lambda text: insert_before(
            text, r"^ *RoleName:", block("read-secrets-policy.yml"), after="  ServerRole:"
        ),
    )
    checked(learner, 5)
    learner.type("zip -q infra.yml.zip infra.yml")
    checked(learner, 6, 7)
    learner.type("aws s3 cp --no-progress infra.yml.zip $SOURCE")
    checked(learner, 8, 9)


@pytest.mark.slow
def test_the_data(learner: Person, module_sandbox: Any) -> None:
    checked(learner, 10, 11, 12)
    client = module_sandbox.session().client("secretsmanager")
    value = client.get_secret_value(SecretId="TSAGallery-RDSMasterSecret")["SecretString"]
    secret = json.loads(value)
    learner.type(f"tsalab sandbox ssh --name {module_sandbox.name}", prompt=REMOTE)
    learner.type("mysqldump -u tsauser -pmy-secret-pw tsagallery > dump.sql", prompt=REMOTE)
    checked(learner, 13)
    load = f"mysql -u admin -p -h {secret['host']} {secret['dbname']} < dump.sql"
    learner.type(load, prompt="password: ")
    shown = learner.type(secret["password"], prompt=REMOTE)
    assert "ERROR" not in shown
    assert secret["password"] not in shown
    learner.type("exit")
    checked(learner, 14)


@pytest.mark.slow
def test_the_code(learner: Person) -> None:
    url = learner.type(
        "aws codecommit get-repository --repository-name TSAGallery-API"
        " --query repositoryMetadata.cloneUrlHttp --output text"
    )
    assert "TSAGallery-API" in url
    clone = "$(aws codecommit get-repository --repository-name TSAGallery-API"
    clone += " --query repositoryMetadata.cloneUrlHttp --output text)"
    learner.type(f"{GIT} clone -q {clone} && cd TSAGallery-API")
    checked(learner, 15)

    def named(text: str) -> str:
        lines = text.splitlines(keepends=True)
        lines.insert(5, block("config-secret-name.js"))
        return "".join(lines)

    learner.edit("work/TSAGallery-API/utils/config.js", named)
    checked(learner, 16, 17)
    learner.edit("work/TSAGallery-API/utils/config.js", lambda text: text.replace(block("config-db.js"), ""))
    checked(learner, 18, 19, 20)
    learner.edit(
        "work/TSAGallery-API/app.js",
        lambda text: text.replace(block("app-pool-old.js"), block("app-pool-new.js")),
    )
    checked(learner, 21, 22, 23)
    who = "-c user.name=Grace -c user.email=grace@example.com"
    learner.type(f"{GIT} {who} commit -q -a -m 'Use Aurora RDS' && {GIT} push -q")
    checked(learner, 24)


@pytest.mark.slow
def test_the_server_and_the_site(learner: Person, module_sandbox: Any) -> None:
    learner.type(f"tsalab sandbox ssh --name {module_sandbox.name}", prompt=REMOTE)
    checked(learner, 25, 26)
    learner.type("sudo su -", prompt=REMOTE)
    learner.type("cd /opt/tsa_gallery/ || cd $TSA_APP_DIR", prompt=REMOTE)
    learner.type("forever stopall", prompt=REMOTE)
    assert "config.js" in learner.type("git pull", prompt=REMOTE)
    checked(learner, 27)
    learner.type("forever start ./bin/www.js", prompt=REMOTE)
    assert "www.js" in learner.type("forever list", prompt=REMOTE)
    checked(learner, 28)
    learner.type("systemctl stop mariadb", prompt=REMOTE)
    learner.type("systemctl disable mariadb", prompt=REMOTE)
    checked(learner, 29, 30)
    learner.type("exit", prompt=REMOTE)
    learner.type("exit")
    assert learner.seen.outside == []
    assert learner.seen.errors == []


def test_the_clean_up_lists_and_asks_before_it_deletes(learner: Person, module_sandbox: Any) -> None:
    shutil.copy(resources.notebooks() / CLEANUP.notebook, learner.lab.folder)
    learner.show(CLEANUP.notebook)
    begin(learner, module_sandbox.name, "guided")
    (listed,) = learner.run("list")
    assert "things of the lab in account" in "".join(listed["data"]["text/plain"])

    def answered(word: str) -> list[dict[str, Any]]:
        learner.start("cleanup-1")
        question = learner.page.locator(".jp-Stdin-input")
        question.fill(word)
        question.press("Enter")
        return learner.ended()

    buckets = [row["Name"] for row in module_sandbox.session().client("s3").list_buckets()["Buckets"]]
    refused = next(o for o in answered("no") if o["output_type"] == "error")
    assert "Nothing was deleted, because the question was not answered with yes" in refused["evalue"]
    held = module_sandbox.session().client("s3")
    assert any(held.list_objects_v2(Bucket=name).get("KeyCount") for name in buckets)
    done = answered("yes")
    assert [o for o in done if o["output_type"] == "error"] == []
    assert record_of([o for o in done if "data" in o])["status"] == "passed"
    assert not any(held.list_objects_v2(Bucket=name).get("KeyCount") for name in buckets)
    assert learner.seen.outside == []
    assert learner.seen.errors == []

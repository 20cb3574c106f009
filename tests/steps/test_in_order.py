"""The whole lab and its clean-up in this process, on one sandbox, the tests of this file in their order.

The data goes by copy; tests/faults takes the dump. A step that is done is left alone when
it is performed again, and each check says what is missing before the step is done.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import opened, refused
from tests.steps.reads import Reads
from tsalab.cloud.inventory import Names, leftovers
from tsalab.cloud.pipeline import Source
from tsalab.cloud.waiting import poll
from tsalab.lab import Lab
from tsalab.migrate.login import opened as connected
from tsalab.show import StepView
from tsalab.steps import STEPS, World, infrastructure, visit
from tsalab.template import Template

FRAGMENTS = ("database-subnet-group", "database-secret", "database-cluster", "read-secrets-policy")


@pytest.fixture(scope="module")
def lab(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with opened(module_sandbox, tmp_path_factory.mktemp("work"), method="copy", confirm="yes") as lab:
        yield lab


@pytest.fixture
def template(lab: Lab) -> Path:
    return lab.place.workdir / "infra.yml"


def saw(lab: Lab, step: int | str) -> str:
    """What a check says that must not pass."""
    (found,) = lab.check([step])
    assert not found.passed
    assert found.next, f"step {step} does not say what to do next"
    return found.saw


def again(lab: Lab, step: int | str, *files: Path) -> None:
    """Perform a step that is done; it does nothing, and leaves a record of that."""
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    lab.perform(step)
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in files] == before
    last = lab.journal.records[-1]
    assert (last.step, last.status) == (step, "passed")


def test_an_untouched_lab_has_nothing_done(lab: Lab) -> None:
    assert [step.number for step in lab.check() if step.passed] == []
    assert lab.journal.records == ()


def test_what_a_later_step_needs_is_named(lab: Lab) -> None:
    for call in (lab.bucket.upload, lab.pipeline.wait, lambda: lab.infra.add("database-secret")):
        assert "infra.yml" in str(refused(call))
    assert "step 15" in str(refused(lambda: lab.perform(24, patience=0)))


def test_a_template_that_is_not_lab_3s(lab: Lab, template: Path) -> None:
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_text("Resources:\n  Photos:\n    Type: AWS::S3::Bucket\n")
    assert "infra.yml has no VPC" in saw(lab, 1)
    refused(lab.infra.open)
    assert "Photos" in template.read_text()  # the learner's file is never replaced
    template.unlink()


def test_nothing_was_ever_uploaded(lab: Lab, template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = lab.place.pipeline.source
    monkeypatch.setattr(lab.place.pipeline, "source", Source(source.bucket, "no/such.zip"))
    error = refused(lambda: lab.perform(1, patience=0))
    assert "no/such.zip" in str(error)
    assert not template.exists()
    assert "nothing is there" in saw(lab, 8)


def test_the_template(lab: Lab, template: Path) -> None:
    lab.infra.open()
    again(lab, 1, template)
    for step, name in enumerate(FRAGMENTS, start=2):
        assert saw(lab, step)
        lab.infra.add(name)
        again(lab, step, template)
    error = refused(lambda: lab.infra.add("databse-cluster"))
    assert "database-cluster" in error.next_step


def test_the_zip_is_of_the_finished_template(lab: Lab, template: Path) -> None:
    good = template.read_text()
    template.write_text(Template(good).remove("database-cluster").text)
    refused(lab.infra.zip)  # the attachment refers to what is not there
    template.write_text(Template(good).remove("read-secrets-policy").text)
    refused(lambda: lab.perform(6, patience=0))
    assert "the zipped template lacks read-secrets-policy" in saw(lab, 6)
    assert "lacks read-secrets-policy" in str(refused(lambda: lab.perform(8, patience=0)))
    template.write_text(good)
    lab.infra.zip()
    template.write_text(good + "# one comment more\n")
    for step in (6, 7):
        assert "changed after it was zipped" in saw(lab, step)
    template.write_text(good)
    again(lab, 6, lab.place.workdir / "infra.yml.zip")


def test_the_bucket_must_be_there_and_keep_versions(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    source = lab.place.pipeline.source
    s3 = lab.place.account.client("s3")
    for status, passed in (("Suspended", False), ("Enabled", True)):
        s3.put_bucket_versioning(Bucket=source.bucket, VersioningConfiguration={"Status": status})
        (found,) = lab.check([7])
        assert found.passed is passed
        assert passed or "is not versioned" in found.saw
    monkeypatch.setattr(lab.place.pipeline, "source", Source("nowhere-at-all", source.key))
    assert "the bucket nowhere-at-all does not exist" in saw(lab, 7)


def test_a_pipeline_that_sleeps_is_started(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finished template at a key that nobody watches: no run of it will ever begin."""
    pipeline, patience = lab.place.pipeline, 0.3
    before = {run.execution_id for run in pipeline.executions()}
    monkeypatch.setattr(pipeline, "source", Source(pipeline.source.bucket, "elsewhere.zip"))
    monkeypatch.setattr(
        infrastructure, "poll", lambda read, done, seconds: poll(read, done, seconds=min(seconds, patience))
    )
    lab.bucket.upload()
    error = refused(lambda: lab.perform(9, patience=0))
    assert "has not started for this version" in error.why
    (started,) = [run for run in pipeline.executions() if run.execution_id not in before]
    _, ended = poll(lambda: pipeline.executions()[0], lambda run: run.status != "InProgress", seconds=60)
    assert ended
    assert started.execution_id == pipeline.executions()[0].execution_id


def test_upload_and_deploy(lab: Lab, template: Path) -> None:
    assert "lacks database-subnet-group" in saw(lab, 8)  # lab 3's is still there
    assert "lacks database-subnet-group" in saw(lab, 9)
    assert "There is no resource DatabaseSecret" in saw(lab, 10)
    lab.bucket.find()
    lab.bucket.upload()
    good = template.read_text()
    template.write_text(good + "# a comment more\n")
    assert "differs from your infra.yml" in saw(lab, 8)
    template.write_text(good)
    lab.pipeline.wait()
    runs = len(lab.place.pipeline.executions())
    again(lab, 8)
    again(lab, 9)
    assert len(lab.place.pipeline.executions()) == runs
    lab.pipeline.start()
    _, more = poll(lab.place.pipeline.executions, lambda found: len(found) == runs + 1, seconds=20)
    assert more
    lab.perform(9)  # waits for the run that was started by hand


def test_the_secret_is_never_in_a_record(lab: Lab) -> None:
    lab.secret.find()
    lab.secret.retrieve()
    api = lab.place.account.client("secretsmanager")
    value = api.get_secret_value(SecretId="TSAGallery-RDSMasterSecret")["SecretString"]
    record = lab.journal.records[-1]
    assert record.facts["username"] == "admin"
    password = value.split('"password"')[1].split('"')[1]
    assert password
    assert password not in lab.journal.path.read_text()
    elsewhere = value.replace(str(record.facts["host"]), "old.example")
    api.put_secret_value(SecretId="TSAGallery-RDSMasterSecret", SecretString=elsewhere)
    assert "leads to old.example" in saw(lab, 11)
    api.put_secret_value(SecretId="TSAGallery-RDSMasterSecret", SecretString=value)


def test_the_data_by_copy(lab: Lab) -> None:
    lab.server.connect()
    assert "there is no dump.sql" in saw(lab, 13)
    lab.data.export()
    assert lab.journal.records[-1].facts["method"] == "copy"
    assert "Aurora 0" in saw(lab, 14)
    server = World(lab.place).server
    server.run("systemctl stop mariadb", root=True)  # too early, and no dump to compare with
    assert "Aurora has no rows" in saw(lab, 14)
    server.run("systemctl start mariadb", root=True)
    lab.data.load()
    loaded = lab.journal.records[-1]
    assert loaded.facts["method"] == "copy"
    assert loaded.facts["rows"] > 20
    for step in (13, 14):
        again(lab, step)
        assert "seconds" not in lab.journal.records[-1].facts


def test_both_ways_to_move_are_measured_and_leave_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(StepView, "_publish", lambda _, data: shown.append(data["text/plain"]))
    lab.data.compare_methods(rounds=2)
    for way in ("dump", "copy"):
        found = re.search(rf"{way} \([^)]*\) +(\d+\.\d\d) +(\d+) ms +(\d+) of (\d+) +equal", shown[-1])
        assert found, shown[-1]
        assert float(found[1]) > 0
        assert (int(found[3]), int(found[4]) > 0) == (0, True)
    assert re.search(r"nothing is moved +\d+ ms +0 of \d+", shown[-1])
    with connected(World(lab.place).target) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES LIKE '%scratch%'")
        assert not cursor.fetchall()
    assert "scratch" not in World(lab.place).server.run("ls").stdout


def test_a_clone_of_something_else_is_named(lab: Lab) -> None:
    assert "there is no clone" in saw(lab, 15)
    folder = lab.place.workdir / "TSAGallery-API"
    folder.mkdir()
    for command in (["init", "-q"], ["remote", "add", "origin", "https://elsewhere.example/x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    assert "a clone of https://elsewhere.example/x" in saw(lab, 15)
    refused(lambda: lab.perform(15, patience=0))
    folder.rename(lab.place.workdir / "away")


def test_the_code(lab: Lab) -> None:
    unfinished = lab.place.workdir / ".TSAGallery-API.unfinished"
    (unfinished / ".git").mkdir(parents=True)  # as a kernel that was killed leaves it
    lab.code.open()
    assert not unfinished.exists()
    config = lab.place.workdir / "TSAGallery-API" / "utils" / "config.js"
    for name in ("config-make-room", "config-secret-name", "config-drop-db"):
        lab.code.edit(name)
    again(lab, 17, config)
    lab.code.save("utils/config.js")
    text = config.read_bytes()
    config.unlink()
    assert "config.js" in saw(lab, 19)
    assert "git checkout utils/config.js" in lab.check([19])[0].next
    config.write_bytes(text)
    assert saw(lab, 23)
    assert "Step 23" in refused(lambda: lab.perform(24, patience=0)).what
    lab.code.look("app.js")
    lab.code.edit("app-drop-pool")
    lab.code.edit("app-add-pool")
    lab.code.save("app.js")
    for call in (lambda: lab.code.look("www.js"), lambda: lab.code.save("x"), lambda: lab.code.edit("x")):
        assert "app" in refused(call).next_step


def test_the_commit(lab: Lab) -> None:
    for step in (25, 26, 27, 28):
        assert "in CodeCommit" in saw(lab, step)
        assert "step 24" in lab.check([step])[0].next
    lab.code.commit("Use Aurora RDS")
    folder = lab.place.workdir / "TSAGallery-API"
    head = subprocess.run(["git", "log", "-1", "--format=%s"], cwd=folder, capture_output=True, check=True)
    assert head.stdout == b"Use Aurora RDS\n"
    app = folder / "app.js"
    text = app.read_bytes()
    app.write_bytes(text + b"// more\n")
    assert "not committed: app.js" in saw(lab, 24)
    subprocess.run(["git", "commit", "-qam", "More"], cwd=folder, check=True)
    assert "newest commit is not the one in CodeCommit" in saw(lab, 24)
    subprocess.run(["git", "reset", "-q", "--hard", "HEAD~1"], cwd=folder, check=True)
    again(lab, 24)
    subprocess.run(["git", "reset", "-q", "--hard", "HEAD~1"], cwd=folder, check=True)
    for found in lab.check(range(15, 25)):  # pushed from elsewhere, and this clone left behind
        assert found.passed, found
    app.write_bytes(app.read_bytes() + b"// begun again here\n")
    assert "config.db" in saw(lab, 21)
    subprocess.run(["git", "reset", "-q", "--hard", "origin/master"], cwd=folder, check=True)
    folder.rename(folder.with_name("moved"))
    assert lab.check([15])[0].saw == "the repository holds the lab's edits already"
    folder.with_name("moved").rename(folder)


def test_the_server(lab: Lab) -> None:
    lab.server.reconnect()
    lab.server.become_root()
    assert "the web server is on" in saw(lab, 27)
    lab.server.pull()
    assert "forever list shows no bin/www.js" in saw(lab, 28)
    lab.server.restart()
    assert "active, enabled" in saw(lab, 29)
    assert "mariadb is active" in saw(lab, 30)
    with visit._marked(World(lab.place).target, "written by a visitor"):
        (found,) = lab.check([14])
        assert found.passed
        assert "the app has written to Aurora since" in found.saw
    with StepView(14, "Load once more") as view:
        error = refused(lambda: STEPS[14].do(World(lab.place), view))
        assert "Aurora" in str(error)  # rows of visitors are not written over
    lab.server.stop_database()
    for step in (25, 26, 27, 28, 29):
        again(lab, step)


def test_the_site(lab: Lab) -> None:
    lab.site.verify()
    record = lab.journal.records[-1]
    assert (record.step, record.facts["mark_seen"]) == (30, True)
    assert [step.number for step in lab.check() if not step.passed] == []
    assert {r.step for r in lab.journal.records if r.passed} >= set(range(1, 31))


def test_without_the_old_database_aurora_is_counted(lab: Lab) -> None:
    (found,) = lab.check([14])
    assert "the old database is stopped" in found.saw


# --- the clean-up


@pytest.fixture(scope="module")
def reads(lab: Lab) -> Reads:
    return Reads(lab.place.account)


def test_what_the_clean_up_has_to_find(lab: Lab, reads: Reads) -> None:
    assert reads.destroyed == []
    lab.place.account.client("cloud9").create_environment_ec2(
        name="TSAGallery", instanceType="t3.small", imageId="amazonlinux-2023-x86_64"
    )
    lab.place.account.client("rds").create_db_cluster_snapshot(
        DBClusterSnapshotIdentifier="kept-by-hand", DBClusterIdentifier="TSAGallery-database-cluster"
    )
    found = {thing.kind for thing in leftovers(lab.place.account, Names())}
    assert found == {
        "stack",
        "bucket",
        "secret",
        "cluster",
        "cluster snapshot",
        "instance",
        "repository",
        "key pair",
        "Cloud9 environment",
    }
    for step in (1, 2, 3, 4, 5, 6, 7, 8):
        assert saw(lab, f"cleanup-{step}")


def test_the_bootstrap_stack_goes_last(lab: Lab) -> None:
    error = refused(lambda: lab.perform("cleanup-7", patience=0))
    assert "clean-up step 6" in error.next_step


def test_empty_and_delete(lab: Lab) -> None:
    lab.cleanup.empty_buckets()
    assert sum(lab.journal.records[-1].facts["deleted"].values()) > 10
    lab.cleanup.delete_environment()
    assert lab.place.account.client("cloud9").list_environments()["environmentIds"] == []
    lab.cleanup.look_at_stacks()
    assert set(lab.journal.records[-1].facts["stacks"]) == {"TSAGallery", "TSA-Bootstrap"}
    lab.cleanup.choose_stack()
    lab.cleanup.delete_stack()
    lab.cleanup.wait_until_deleted()
    for step in (1, 2, 3, 4, 5, 6):
        again(lab, f"cleanup-{step}")
    assert lab.journal.records[-1].saw == "it is gone"


def test_a_deletion_that_fails_says_why(lab: Lab) -> None:
    bucket = lab.place.pipeline.source.bucket
    lab.place.account.client("s3").put_object(Bucket=bucket, Key="late.txt", Body=b"late")
    assert "holds 1 object versions" in saw(lab, "cleanup-3")
    assert saw(lab, "cleanup-4")
    error = refused(lambda: lab.perform("cleanup-7", patience=0))
    assert "its deletion failed" in error.why
    assert "StackData" in error.why
    lab.cleanup.empty_buckets()
    lab.cleanup.delete_bootstrap()
    assert lab.check(["cleanup-7"])[0].saw == "it is gone"


def test_nothing_is_left(lab: Lab, reads: Reads) -> None:
    assert "cluster snapshot kept-by-hand" in saw(lab, "cleanup-8")
    lab.cleanup.delete_snapshots()
    assert lab.journal.records[-1].saw == "nothing is left"
    assert leftovers(lab.place.account, Names()) == []
    again(lab, "cleanup-8")
    assert {name for name, _, _ in reads.destroyed} >= {
        "DeleteDBClusterSnapshot",
        "DeleteEnvironment",
        "DeleteKeyPair",
        "DeleteObjects",
        "DeleteRepository",
        "DeleteStack",
    }
    assert [call for call in reads.destroyed if not call[2]] == []  # nothing goes that was not read before

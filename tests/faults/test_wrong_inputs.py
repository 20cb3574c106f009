"""Wrong inputs, one after the other on one lab: each error says what, why and next; mended, the lab goes on.

The tests of this file run in order: each breaks something, reads the error, mends it,
and takes the lab some steps further. At the end the lab is complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.migrate.certificates import Authority
from tests.sandbox.control.test_run_command import managed, shut
from tsalab.lab import Lab
from tsalab.server import mariadb
from tsalab.steps import World

from .conftest import opened, refused


@pytest.fixture(scope="module")
def lab(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with opened(module_sandbox, tmp_path_factory.mktemp("work")) as lab:
        yield lab


@pytest.fixture
def template(lab: Lab) -> Path:
    return lab.place.workdir / "infra.yml"


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def test_the_template_opens(lab: Lab, template: Path) -> None:
    lab.infra.open()
    assert "CFDistribution" in template.read_text()


@pytest.mark.parametrize(
    ("part", "broken", "said"),
    [
        ("      CidrBlock: 10.11.32.0/20", "     CidrBlock: 10.11.32.0/20", "number of spaces"),
        ("  PrivateRouteTable:", "  PrivateSubnetA:", "PrivateSubnetA"),
        ("!Ref PrivateRouteTable", "!Ref PrivateRoutTable", "PrivateRoutTable"),
    ],
    ids=["indentation", "duplicate", "unknown Ref"],
)
def test_a_template_broken_at_a_line(lab: Lab, template: Path, part: str, broken: str, said: str) -> None:
    good = template.read_text()
    assert part in good
    template.write_text(good.replace(part, broken, 1))
    error = refused(lambda: lab.infra.add("database-subnet-group"))
    text = str(error)
    assert said.lower() in text.lower()
    number = line_of(good, part)
    assert any(f"line {near}" in text for near in (number, number + 1)), text
    assert not lab.check([1])[0].passed
    template.write_text(good)
    assert lab.check([1])[0].passed


def test_mended_the_fragments_go_in(lab: Lab) -> None:
    for name in ("database-subnet-group", "database-secret", "database-cluster", "read-secrets-policy"):
        lab.infra.add(name)
    assert all(step.passed for step in lab.check(range(1, 6)))


def test_a_deploy_that_fails_shows_the_stacks_reason(lab: Lab, template: Path) -> None:
    good = template.read_text()
    stray = "  StraySubnets:\n    Type: AWS::RDS::DBSubnetGroup\n    Properties:\n"
    stray += "      DBSubnetGroupDescription: nowhere\n      SubnetIds: [subnet-0123456789abcdef0]\n\n"
    template.write_text(good.replace("Outputs:\n", stray + "Outputs:\n", 1))
    lab.infra.zip()
    lab.bucket.find()
    lab.bucket.upload()
    error = refused(lab.pipeline.wait)
    assert "StraySubnets" in error.why
    assert "UPDATE_FAILED" in error.why or "CREATE_FAILED" in error.why
    assert "common VPC" in error.why  # as RDS words it
    template.write_text(good)
    lab.infra.zip()
    lab.bucket.upload()
    lab.pipeline.wait()
    assert lab.check([9])[0].passed


def test_a_missing_secret(lab: Lab) -> None:
    client = lab.place.account.client("secretsmanager")
    name = "TSAGallery-RDSMasterSecret"
    client.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    error = refused(lambda: lab.perform(10, patience=0))
    assert "restore-secret" in str(error)
    client.restore_secret(SecretId=name)
    lab.secret.find()
    lab.secret.retrieve()


def test_a_web_server_that_is_not_reachable(lab: Lab) -> None:
    ec2 = lab.place.account.client("ec2")
    instance = lab.check([12]) and lab.place.account.client("cloudformation").describe_stack_resource(
        StackName="TSAGallery", LogicalResourceId="WebServer"
    )
    identifier = instance["StackResourceDetail"]["PhysicalResourceId"]
    lab.place.disconnect()
    ec2.stop_instances(InstanceIds=[identifier])
    error = refused(lambda: lab.perform(12, patience=0))
    assert "ec2-" in str(error)
    ec2.start_instances(InstanceIds=[identifier])
    lab.server.connect()


def test_an_aurora_that_is_not_reachable(lab: Lab, module_sandbox: Any) -> None:
    homes = list(module_sandbox.folder.path("databases").iterdir())
    assert len(homes) == 1
    data, away = homes[0] / "data", homes[0] / "data-away"
    lab.place.disconnect()
    data.rename(away)
    data.write_text("a file where the server wants its folder")
    for process in psutil.process_iter(["cmdline"]):
        if str(homes[0]) in " ".join(process.info["cmdline"] or ()):
            process.kill()
            process.wait(10)
    error = refused(lambda: lab.perform(12, patience=0))
    assert "Aurora" in error.what + error.why
    data.unlink()
    away.rename(data)
    lab.server.connect()


def test_an_aurora_that_cannot_prove_its_name(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lab.journal.last(12).facts["database_tls"].startswith("TLS")
    theirs = Authority(tmp_path, "theirs").file
    with monkeypatch.context() as patch:
        patch.setitem(lab.place.account._settings, "tsalab_database_ca", str(theirs))
        error = refused(lambda: lab.perform(12, patience=0))
    assert "is not trusted, and no password was sent" in error.why
    assert World(lab.place).credentials.host in error.why
    assert "somebody may stand in between" in error.next_step
    lab.server.connect()


def test_a_disk_that_is_full_on_dump(lab: Lab, module_sandbox: Any) -> None:
    home = next(module_sandbox.folder.path("machines").iterdir()) / "home" / "ec2-user"
    (home / "dump.sql").symlink_to("/dev/full")
    error = refused(lab.data.export)
    assert "full" in str(error).lower()
    (home / "dump.sql").unlink()
    World(lab.place).server.run("mysqldump --no-data -u tsauser -pmy-secret-pw tsagallery > dump.sql")
    (empty,) = lab.check([13])
    assert not empty.passed
    assert "lacks rows of categories (0 of" in empty.saw
    lab.data.export()
    lab.data.load()
    for step in lab.check([13, 14]):
        assert step.passed
        assert step.next == ""


def test_a_wrong_secret_name(lab: Lab) -> None:
    lab.code.open()
    lab.code.edit("config-make-room")
    lab.code.edit("config-secret-name")
    config = lab.place.workdir / "TSAGallery-API" / "utils" / "config.js"
    good = config.read_text()
    config.write_text(good.replace("TSAGallery-RDSMasterSecret", "TSAGalery-Secret"))
    lab.code.edit("config-drop-db")
    error = refused(lambda: lab.code.save("utils/config.js"))
    assert "TSAGalery-Secret" in str(error)
    lab.code.edit("config-secret-name")
    lab.code.save("utils/config.js")


def test_a_syntax_error_in_the_code(lab: Lab) -> None:
    lab.code.look("app.js")
    lab.code.edit("app-drop-pool")
    lab.code.edit("app-add-pool")
    app = lab.place.workdir / "TSAGallery-API" / "app.js"
    good = app.read_text()
    app.write_text(good.replace("JSON.parse(secretObj.SecretString);", "JSON.parse(secretObj.SecretString;"))
    error = refused(lambda: lab.code.save("app.js"))
    assert "SyntaxError" in str(error)
    assert "line 4" in str(error)
    refused(lambda: lab.code.commit("Use Aurora RDS"))
    app.write_text(good)
    lab.code.save("app.js")
    lab.code.commit("Use Aurora RDS")


def test_an_old_database_that_is_still_used_is_not_stopped(lab: Lab) -> None:
    lab.server.reconnect()
    lab.server.become_root()
    error = refused(lab.server.stop_database)
    assert "28" in str(error)
    assert not lab.check([29])[0].passed


def test_an_app_that_does_not_run_is_named(lab: Lab) -> None:
    lab.server.pull()
    error = refused(lab.server.stop_database)
    assert "www.js" in str(error)
    assert not lab.check([30])[0].passed


def test_the_lab_completes(lab: Lab) -> None:
    lab.server.restart()
    lab.server.stop_database()
    lab.site.verify()
    assert [step.number for step in lab.check() if not step.passed] == []


def test_what_needs_commands_alone_goes_on_with_port_22_closed(lab: Lab, module_sandbox: Any) -> None:
    mariadb.enable_and_start(World(lab.place).server)
    with managed(module_sandbox.session()), shut(lab):
        assert not lab.check([29])[0].passed
        lab.server.stop_database()
        lab.server.reconnect()
        assert lab.journal.last(25).facts["host_key_from"] == "run-command"
        assert [step.number for step in lab.check(range(25, 31)) if not step.passed] == []
        (data,) = lab.check([12])
        assert not data.passed
        assert "takes a forwarded port" in data.saw
        assert "authorize-security-group-ingress" in data.next
    assert lab.check([12])[0].passed

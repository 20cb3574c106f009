"""The sandbox's ledger: written by the supervisor, sealed on demand, gone on with where it was signed."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from tsalab.cli import app
from tsalab.commands import commissions
from tsalab.errors import LedgerError, SandboxError
from tsalab.ledger import Bundle, Commission, keys, read
from tsalab.sandbox import manager
from tsalab.sandbox.folder import Folder
from tsalab.sandbox.ledger import desk
from tsalab.sandbox.ledger.keeper import Ledger


def sealed(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    monkeypatch.setenv("TSALAB_HOME", str(sandbox.home))
    out = tmp_path / "ledger.jsonl"
    desk.seal(sandbox.name, workdir=tmp_path / "work", out=out)
    return read(out.read_bytes(), str(out))


def test_an_untouched_lab_is_sealed_with_nothing_done(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = sandbox.session().client("sts").get_caller_identity()["Account"]
    found = sealed(sandbox, tmp_path, monkeypatch)
    assert found.warrant.own
    assert (found.warrant.sandbox, found.account) == (sandbox.name, account)
    assert [one.step for one in found.steps][:30] == list(range(1, 31))
    assert [one.step for one in found.steps if one.passed and isinstance(one.step, int)] == []
    kinds = Counter(entry.what for entry in found.entries)
    assert kinds >= Counter({"began": 1, "call": 1, "rows": 1, "site": 2, "sealing": 1, "judged": 1})
    rows = [entry.facts["tables"] for entry in found.entries if entry.what == "rows"][-1]
    assert rows["tsagallery.images"]["rows"] == 6
    assert {entry.facts["status"] for entry in found.entries if entry.what == "site"} == {200}


def test_calls_are_written_down_with_who_and_how_they_ended(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = sandbox.session()
    session.client("s3").list_buckets()
    with pytest.raises(ClientError):
        session.client("s3").get_object(Bucket="nowhere-at-all", Key="a")
    secret = session.client("secretsmanager").create_secret(Name="mine", SecretString="not-for-the-ledger")
    found = sealed(sandbox, tmp_path, monkeypatch)
    session.client("secretsmanager").delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
    calls = [entry.facts for entry in found.entries if entry.what == "call"]
    by_action = {call["action"]: call for call in calls}
    assert by_action["s3:ListAllMyBuckets"]["status"] == 200
    assert "Boto3" in by_action["s3:ListAllMyBuckets"]["agent"]
    refused = next(call for call in calls if call["on"] == "arn:aws:s3:::nowhere-at-all/a")
    assert (refused["status"], refused["refused"]) == (404, "NoSuchBucket")
    # Of this test's own calls: other tests use the same sandbox, and some as other users.
    mine = (refused, by_action["s3:ListAllMyBuckets"], by_action["secretsmanager:CreateSecret"])
    assert {call["who"].rpartition(":")[2] for call in mine} == {"user/learner"}
    assert by_action["secretsmanager:CreateSecret"]["status"] == 200
    text = sandbox.folder.path("ledger", "ledger.jsonl").read_text()
    assert "not-for-the-ledger" not in text
    assert session.get_credentials().secret_key not in text


def test_the_command_asks_for_it(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_HOME", str(sandbox.home))
    out = tmp_path / "new" / "ledger.jsonl"
    given = ["--name", sandbox.name, "--out", str(out), "--workdir", str(tmp_path)]
    done = CliRunner().invoke(app, ["sandbox", "ledger", *given])
    assert done.exit_code == 0, done.output
    assert f"Sealed ledger: {out}" in done.output
    assert read(out.read_bytes(), "here").warrant.sandbox == sandbox.name


def test_a_sandbox_that_runs_takes_no_other_key(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_HOME", str(sandbox.home))
    with pytest.raises(LedgerError, match="runs already"):
        manager.up(sandbox.name, commission=Commission.issue(keys.new(), "Ada", sandbox.name))


def test_a_ledger_that_was_changed_is_not_sealed(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sandbox.folder.path("ledger", "ledger.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"Boto3", b"Curl3", 1))
    try:
        with pytest.raises(SandboxError, match="was changed while the sandbox ran"):
            sealed(sandbox, tmp_path, monkeypatch)
    finally:
        end = path.read_bytes()[len(whole) :]
        path.write_bytes(whole + end)
    assert sealed(sandbox, tmp_path, monkeypatch).entries


def test_nobody_is_asked_where_nothing_runs(home: Path, tmp_path: Path) -> None:
    Folder("idle").create()
    with pytest.raises(SandboxError, match="idle"):
        desk.seal("idle", workdir=tmp_path, out=tmp_path / "ledger.jsonl")


class Written:
    """A sandbox's folder, and ledgers that are opened and closed in it."""

    def __init__(self) -> None:
        self.folder = Folder("lab")
        self.folder.create()
        self.path = self.folder.path("ledger", "ledger.jsonl")

    def run(self, issuer: Any, learner: str = "Ada", *, killed: bool = False) -> list[dict[str, Any]]:
        ledger = Ledger(self.folder, Commission.issue(issuer, learner, "lab"), "111122223333", "us-west-2")
        ledger.add("login", {"machine": "i-1"})
        if killed:
            from tsalab.sandbox import news

            news.forget(ledger.add)
        else:
            ledger.close()
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]


@pytest.fixture
def written(home: Path) -> Written:
    return Written()


def test_a_ledger_goes_on_where_its_end_was_signed(written: Written) -> None:
    key = keys.new()
    assert len(written.run(key)) == 3
    second = written.run(key)
    assert [line["what"] for line in second] == ["began", "login", "ended"] * 2
    assert second[3]["aside"] == ""


def test_what_nobody_signed_is_set_aside(written: Written) -> None:
    key = keys.new()
    written.run(key, killed=True)
    after = written.run(key)
    assert [line["what"] for line in after] == ["began", "login", "ended"]
    assert after[0]["aside"] == "ledger.before-1.jsonl"
    assert written.path.with_name("ledger.before-1.jsonl").exists()


def test_what_was_changed_between_is_set_aside(written: Written) -> None:
    key = keys.new()
    written.run(key)
    written.path.write_bytes(written.path.read_bytes().replace(b'"i-1"', b'"i-2"'))
    assert written.run(key)[0]["aside"]
    lines = written.path.read_bytes().splitlines(keepends=True)
    written.path.write_bytes(b"".join(lines[:-1]))
    assert written.run(key)[0]["aside"]


@pytest.mark.parametrize("other", ["key", "learner"])
def test_another_key_or_learner_begins_anew(written: Written, other: str) -> None:
    key = keys.new()
    written.run(key)
    after = written.run(keys.new() if other == "key" else key, "Bob" if other == "learner" else "Ada")
    assert after[0]["aside"]
    assert len(after) == 3


def test_what_a_starter_hands_over_is_a_commission_or_named(tmp_path: Path) -> None:
    made = Commission.issue(keys.new(), "Ada", "lab")
    assert commissions.read(io.StringIO(json.dumps(made.to_json()) + "\n")) == made
    for text in ("", "{}", '{"warrant": 1, "key": 2}', "NaN"):
        with pytest.raises(LedgerError, match="was given none"):
            commissions.read(io.StringIO(text))


def test_an_instructors_key_needs_a_learner(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="somebody's"):
        commissions.made(tmp_path / "key", "", "lab")
    assert commissions.made(None, "", "lab") is None
    assert commissions.made(None, "Ada", "lab").warrant.own

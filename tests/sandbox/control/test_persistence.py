from __future__ import annotations

import asyncio

import pytest

from tsalab.sandbox.control import persistence


@pytest.mark.parametrize(
    ("method", "target", "query", "changes"),
    [
        ("GET", b"", b"", False),
        ("PUT", b"", b"", True),
        ("POST", b"", b"", True),
        ("POST", b"secretsmanager.GetSecretValue", b"", False),
        ("POST", b"secretsmanager.PutSecretValue", b"", True),
        ("POST", b"CodePipeline_20150709.ListPipelines", b"", False),
    ],
)
def test_what_may_change_state(method, target, query, changes):
    assert persistence.may_change(method, {b"x-amz-target": target}, query) is changes


class Counting(persistence.Keeper):
    """A keeper over a state of our own, which counts how often it is written."""

    def __init__(self, folder, states):
        self.states = states
        self.written = []
        super().__init__(folder)

    def _state_functions(self):
        return {"one": self.states}

    def write(self, snapshot):
        self.written.append(snapshot)


def test_a_burst_is_saved_once_it_is_quiet(tmp_path, monkeypatch):
    monkeypatch.setattr(persistence, "QUIET_SECONDS", 0.05)

    async def main():
        keeper = Counting(tmp_path, lambda: {"a": 1})
        for _ in range(5):
            keeper.ask()
            await asyncio.sleep(0.01)
        assert keeper.written == []
        await asyncio.sleep(0.15)
        assert keeper.written == [{"one": {"a": 1}}]
        keeper.ask_threadsafe()
        await asyncio.sleep(0.15)
        assert len(keeper.written) == 2
        await keeper.close()
        assert len(keeper.written) == 3

    asyncio.run(main())


def test_a_restless_sandbox_is_saved_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(persistence, "QUIET_SECONDS", 0.1)
    monkeypatch.setattr(persistence, "LATEST_SECONDS", 0.15)

    async def main():
        keeper = Counting(tmp_path, dict)
        for _ in range(10):
            keeper.ask()
            await asyncio.sleep(0.03)
        assert keeper.written
        await keeper.close()

    asyncio.run(main())


def test_a_state_that_moved_is_saved_again(tmp_path, monkeypatch):
    monkeypatch.setattr(persistence, "QUIET_SECONDS", 0.02)
    failures = [RuntimeError("dictionary changed size during iteration")]

    def states():
        if failures:
            raise failures.pop()
        return {"a": 1}

    async def main():
        keeper = Counting(tmp_path, states)
        keeper.ask()
        await asyncio.sleep(0.15)
        assert keeper.written == [{"one": {"a": 1}}]
        await keeper.close()

    asyncio.run(main())


def test_a_service_without_state_is_left_alone():
    assert persistence.take({"one": lambda: None, "two": dict}) == {"two": {}}


def test_stacks_are_written_last(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(persistence, "write_private", lambda path, _text: written.append(path.stem))

    async def main():
        keeper = persistence.Keeper(tmp_path)
        keeper.write({"cloudformation": {"stacks": 1}, "rds": {"clusters": 1}, "ec2": {"instances": 1}})
        keeper._task.cancel()

    asyncio.run(main())
    assert sorted(written[:-1]) == ["ec2", "rds"]
    assert written[-1] == "cloudformation"

"""A distribution published by a real edge, before a real origin."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tsalab.sandbox.machines.edge import Edge

from .kit import Bucket, FreePorts, Loop, Origin, client, config


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@pytest.fixture
def origin(loop: Loop) -> Iterator[Origin]:
    made = Origin(loop)
    yield made
    made.stop()


@pytest.fixture
def bucket() -> Bucket:
    made = Bucket()
    made.put("app-source/index.html", b"<html>" + b"page " * 1000)
    made.put("images/uploads/a b.jpg", bytes(range(256)) * 10, "image/jpeg")
    return made


@pytest.fixture
def edge(loop: Loop, origin: Origin, bucket: Bucket) -> Iterator[Edge]:
    def address(name: str) -> tuple[str, int] | None:
        return ("127.0.0.1", origin.port) if name == "ec2-1.example" else None

    made = Edge(FreePorts(), loop.run, address)
    made.s3_fetch = bucket.fetch
    yield made
    loop.run(made.stop())


@pytest.fixture
def site(edge: Edge) -> Iterator[httpx.Client]:
    with client(edge.publish("E1", config())) as made:
        yield made

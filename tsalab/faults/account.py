"""Faults of the account: a policy that is gone, a password that differs, a cluster that sleeps."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from tsalab.cloud.cluster import Cluster, ClusterState
from tsalab.cloud.role import Role
from tsalab.errors import FaultError
from tsalab.faults.fault import Facts, Fault, Tell, on_aurora, restart
from tsalab.messages import say
from tsalab.steps import World
from tsalab.steps.diagnosis import POLICY

# What the fragment of step 5 grants.
_GRANT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": "*"}],
}


def _need_cluster(world: World, name: str) -> tuple[Cluster, ClusterState]:
    state = world.cluster
    if state is None:
        raise FaultError.not_now(name, say("faults.why.no_cluster"))
    return Cluster(world.place.account, state.identifier), state


def _need_moved(world: World, name: str) -> None:
    if not on_aurora(world):
        raise FaultError.not_now(name, say("faults.why.not_on_aurora"))


def _deny(world: World, tell: Tell) -> Facts:
    _need_moved(world, "secret-denied")
    Role(world.place.account, world.role).delete_policy(POLICY)
    restart(world, tell)
    return {}


def _allow(world: World, tell: Tell, _facts: Mapping[str, Any]) -> None:
    Role(world.place.account, world.role).put_policy(POLICY, _GRANT)
    restart(world, tell)


def _rotate(world: World, tell: Tell) -> Facts:
    cluster, _ = _need_cluster(world, "rotated-password")
    moved = on_aurora(world)
    cluster.set_password(secrets.token_urlsafe(24))
    if moved:
        restart(world, tell)
    return {}


def _rotate_back(world: World, tell: Tell, _facts: Mapping[str, Any]) -> None:
    cluster, _ = _need_cluster(world, "rotated-password")
    cluster.set_password(world.credentials.password)
    if not world.app_health.get("ok"):
        restart(world, tell)


def _pause(world: World, _tell: Tell) -> Facts:
    cluster, state = _need_cluster(world, "paused-cluster")
    if state.capacity is None:  # Serverless v2 is told no capacity
        raise FaultError.not_here("paused-cluster", say("faults.pauses_itself"))
    cluster.scale(0)
    return {}


def _resume(world: World, _tell: Tell, _facts: Mapping[str, Any]) -> None:
    cluster, state = _need_cluster(world, "paused-cluster")
    cluster.scale(int(state.least_capacity) or 1)


FAULTS = (
    Fault("secret-denied", 28, _deny, _allow),
    Fault("rotated-password", 12, _rotate, _rotate_back),
    Fault("paused-cluster", 12, _pause, _resume),
)

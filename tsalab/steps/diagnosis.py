"""From a symptom to its cause: what to read further once a look did not get through.

Asked only when something failed, so a lab that is well pays nothing for it. Everything here
reads; each function returns the cause that it found, or None when it knows none and the
symptom has to stand for itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tsalab.cloud import network
from tsalab.cloud.cluster import ClusterState
from tsalab.cloud.groups import SecurityGroups
from tsalab.cloud.role import Role
from tsalab.errors import DiagnosisError
from tsalab.errors.diagnosis import AuroraAsleepError
from tsalab.messages import say
from tsalab.server import app, mariadb
from tsalab.steps.source import APP, CONFIG, EDITS
from tsalab.steps.step import Finding

if TYPE_CHECKING:
    from tsalab.steps.world import World

POLICY = "ReadSecrets"
_SSH = 22
_ANYWHERE = "0.0.0.0/0"
# What an app's log or health calls a database that nobody answers for.
_SILENT = re.compile(r"ETIMEDOUT|PROTOCOL_SEQUENCE_TIMEOUT|POOL_ACQUIRE_TIMEOUT|Handshake inactivity timeout")
_FAILED = re.compile(r"cannot start|Error|Exception|\bE[A-Z]{5,}\b|\bER_[A-Z_]+")


def web_server(world: World) -> DiagnosisError | None:
    """Why nobody answers on the web server's port 22."""
    identifier = world.resources.get("WebServer", "")
    instance = _instance(world)
    if instance is None:
        return None
    if instance.status != "running":
        return DiagnosisError.server_not_running(world.server_host, identifier, instance.status)
    rules = [rule for rule in SecurityGroups(world.place.account).rules(instance.groups) if rule.opens(_SSH)]
    group = instance.groups[0] if instance.groups else ""
    name = _logical(world, group)
    if not rules:
        return DiagnosisError.ssh_closed(world.server_host, group, name)
    if _ANYWHERE not in {rule.source for rule in rules}:
        ranges = [rule.source for rule in rules]
        return DiagnosisError.ssh_elsewhere(world.server_host, group, name, ranges)
    return None


def aurora(world: World, waited: str) -> DiagnosisError | None:
    """Why nobody answers at the cluster's endpoint: a closed group, or a pause.

    Parameters
    ----------
    world
        The look that got no answer.
    waited
        How long its client waited, in words.
    """
    cluster = world.cluster
    if cluster is None:
        return None
    if closed := _closed(world, cluster):
        return closed
    return AuroraAsleepError.paused(cluster.identifier, waited) if cluster.paused else None


def _closed(world: World, cluster: ClusterState) -> DiagnosisError | None:
    instance = _instance(world)
    if instance is None or not cluster.security_groups or not instance.groups:
        return None
    rules = SecurityGroups(world.place.account).rules(cluster.security_groups)
    sources = {rule.source for rule in rules if rule.opens(cluster.port)}
    # Ranges of addresses may let it in too: only what is certain is called the cause.
    if sources & set(instance.groups) or any("/" in source for source in sources):
        return None
    group, source = cluster.security_groups[0], instance.groups[0]
    return DiagnosisError.aurora_closed(
        group, _logical(world, group), source, _logical(world, source), cluster.port
    )


def password(world: World) -> DiagnosisError:
    """Why the cluster refuses the secret's own login."""
    cluster = world.cluster
    identifier = cluster.identifier if cluster else ""
    return DiagnosisError.password_differs(identifier, world.secret_name, world.credentials.username)


def sick_app(world: World) -> DiagnosisError | None:
    """Why the app does not answer, or not well: by its own log, and by what that one names."""
    database = world.app_health.get("database", {})
    if problem := str(database.get("problem") or ""):
        return _told(world, problem)
    if world.app_health:
        return None
    if (
        not world.app_processes
    ):  # stopped by somebody, whatever it had said before: forever lists one that died
        return None
    # The newest log begins with the newest start: an app that is only starting has not failed in it.
    said = [line for line in app.log_tail(world.server) if _FAILED.search(line) or _SILENT.search(line)]
    return _told(world, world.place.redactor.mask(said[-1].strip())) if said else None


def _told(world: World, line: str) -> DiagnosisError | None:
    """The cause behind a line of the app."""
    if "ResourceNotFoundException" in line:
        config = app.read(world.server, CONFIG)
        seen = EDITS["config-secret-name"].look(config, world.secret_name)
        return (
            None
            if seen.ok
            else DiagnosisError.secret_unknown(line, f"{CONFIG}: {seen.saw}", world.secret_name)
        )
    if "AccessDenied" in line:
        role = Role(world.place.account, world.role)
        has = role.policies()
        return None if POLICY in has else DiagnosisError.secret_denied(line, role.name, POLICY, has)
    if "ER_ACCESS_DENIED" in line:
        return password(world)
    if _SILENT.search(line):
        return aurora(world, say("diagnosis.app_patience")) or DiagnosisError.app_says(line)
    if "ECONNREFUSED" in line and not mariadb.service_state(world.server).active:
        return DiagnosisError.app_on_stopped_database(line)
    return DiagnosisError.app_says(line)


def old_code(world: World, here: str, head: str) -> DiagnosisError | None:
    """Why the web server's commit is not CodeCommit's: because it went back before the lab's edits.

    One that was never pulled is nothing to diagnose: the step is just not done.
    """
    if not app.has_commit(world.server, head):
        return None
    seen = EDITS["app-drop-pool"].look(app.read(world.server, APP), world.secret_name)
    return None if seen.ok else DiagnosisError.old_code(here[:10], head[:10], seen.saw)


def instead(finding: Finding, cause: DiagnosisError | None) -> Finding:
    """A finding with its cause in place of the symptom; the finding itself when there is none."""
    if cause is None:
        return finding
    saw = f"{cause.what} {cause.why}"
    return Finding(False, saw, finding.expected, cause.next_step, finding.facts, final=cause.lasting)


def _instance(world: World) -> network.InstanceState | None:
    identifier = world.resources.get("WebServer")
    return network.instance(world.place.account, identifier) if identifier else None


def _logical(world: World, physical: str) -> str:
    """Name that the template gives a resource of the stack; else its own id."""
    return next((name for name, found in world.resources.items() if found == physical), physical)

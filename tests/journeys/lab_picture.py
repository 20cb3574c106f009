"""Everything that a lab's end consists of, as values that two labs can be compared by."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tsalab import migrate
from tsalab.course import LAB
from tsalab.lab import Lab
from tsalab.migrate.login import opened as connection_to
from tsalab.server import app, mariadb
from tsalab.steps import World
from tsalab.template import read_package


def forward(lab: Lab, first: int = 1) -> None:
    """Run the notebook's cells from one step on."""
    for step in LAB.steps:
        if int(step.id) >= first:
            exec(step.call, {"lab": lab})  # noqa: S102 - the course's own cells


def git(folder: Path, *command: str) -> str:
    done = subprocess.run(["git", *command], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def contents(login: Any) -> dict[str, str]:
    """Digest of every table."""
    with connection_to(login) as connection:
        return {name: migrate.digest(connection, name).digest for name in migrate.tables(connection)}


def picture(lab: Lab) -> dict[str, Any]:
    """The lab as it is now."""
    world = World(lab.place)
    server, clone = world.server, world.clone.folder
    service = mariadb.service_state(server)
    deployed = lab.place.account.client("cloudformation").get_template(StackName=world.stack.name)
    on_server = f'cd "{app.FOLDER}" && git rev-parse HEAD^{{tree}} && git status --porcelain -uno'
    assert world.uploaded is not None
    return {
        "infra.yml": world.template.text,
        "infra.yml.zip": world.package,
        "uploaded": read_package(world.uploaded.body),
        "deployed": str(deployed["TemplateBody"]),
        "stack": world.stack_state.status,
        "resources": sorted(world.resources),
        "tables": contents(world.target),
        "repository": git(clone, "rev-parse", "origin/master^{tree}"),
        "commits": git(clone, "log", "--format=%s", "origin/master").splitlines(),
        "clone": (git(clone, "rev-parse", "HEAD^{tree}"), git(clone, "status", "--porcelain")),
        "server": server.run(on_server, root=True).stdout,
        "mariadb": (service.active, service.enabled),
        "app": len(world.app_processes),
        "database": world.site.health()["database"]["host"] == world.credentials.host,
        "site": [(probe.name, probe.ok) for probe in world.site.verify(patience=15.0)],
        "checks": [(found.number, found.passed) for found in lab.check()],
        "folder": sorted(path.name for path in lab.place.workdir.iterdir()),
    }

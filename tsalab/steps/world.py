"""The lab's world as it is now: every reading made at most once, on demand.

A check takes a World and reads from it; a fresh World reads afresh. So thirty checks in
a row ask AWS and the web server for each thing once.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tsalab.cloud import authorities, console, instance_connect
from tsalab.cloud.bucket import Bucket, Listed, StoredObject
from tsalab.cloud.cluster import Cluster, ClusterState
from tsalab.cloud.repository import Repository
from tsalab.cloud.secret import Credentials, Secret
from tsalab.cloud.stacks import Stack, StackState
from tsalab.cloud.working_copy import WorkingCopy
from tsalab.edge import Site
from tsalab.errors import CloudError, DiagnosisError, NoAnswerError, PortClosedError, StepError, TsalabError
from tsalab.messages import say
from tsalab.migrate import Login, login
from tsalab.server import USER, Commanded, Server, Witness, app
from tsalab.server.app import Process
from tsalab.steps import diagnosis, reaching
from tsalab.steps.place import Place
from tsalab.steps.uploads import find_stray
from tsalab.template import Template, read_package

# The old database's login, as lab 2 chose it and the app's config.js quotes it.
SOURCE: dict[str, Any] = {
    "user": "tsauser",
    "password": "my-secret-pw",
    "database": "tsagallery",
}


class World:
    """One look at the world, as far as it is asked for.

    Parameters
    ----------
    place
        Where to look.
    hurried
        Whether a cluster that is only waking counts as one that does not answer. A check
        looks and tells; whoever does a step waits.
    opening
        Whether a way to the web server may be made where there is none: a key that is let
        in for a minute, commands through SSM. Both are more than reading.
    """

    def __init__(self, place: Place, *, hurried: bool = False, opening: bool = True) -> None:
        self.place = place
        self.hurried = hurried
        self.opening = opening
        self._no_server: TsalabError | None = None
        self._commanded: Commanded | None = None
        self._no_aurora: DiagnosisError | None = None
        self._files: dict[str, str] = {}
        self._pushed: dict[str, str] = {}

    def again(self) -> World:
        """A new look at the same place."""
        return World(self.place)

    # --- the learner's folder ---------------------------------------------------------

    @property
    def template_path(self) -> Path:
        """The learner's ``infra.yml``."""
        return self.place.workdir / "infra.yml"

    @property
    def package_path(self) -> Path:
        """The learner's ``infra.yml.zip``."""
        return self.place.workdir / "infra.yml.zip"

    @cached_property
    def template(self) -> Template:
        """The learner's template.

        Raises
        ------
        StepError
            When there is none yet.
        TemplateError
            When it cannot be read.
        """
        if not self.template_path.exists():
            raise StepError.file_missing(self.template_path, say("world.template_missing"))
        return Template.read(self.template_path, self.place.variant)

    @cached_property
    def package(self) -> str:
        """Text of the template inside the learner's zip."""
        if not self.package_path.exists():
            raise StepError.file_missing(self.package_path, say("world.package_missing"))
        return read_package(self.package_path)

    # --- the account ------------------------------------------------------------------

    @cached_property
    def bucket(self) -> Bucket:
        """The bucket that the pipeline reads."""
        return Bucket(self.place.account, self.place.pipeline.source.bucket)

    @cached_property
    def uploaded(self) -> StoredObject | None:
        """The object at the pipeline's source, if any."""
        return self.bucket.get(self.place.pipeline.source.key)

    @cached_property
    def stray_upload(self) -> Listed | None:
        """A template that was put where the pipeline does not read it: another key, or another bucket."""
        return find_stray(self.place.account, self.place.pipeline.source, self.uploaded, self.package_path)

    @cached_property
    def stack(self) -> Stack:
        """The gallery's stack."""
        return Stack(self.place.account, self.place.pipeline.stack_name)

    @cached_property
    def stack_state(self) -> StackState:
        """Its state.

        Raises
        ------
        CloudError
            When there is no such stack.
        """
        state = self.stack.state()
        if state is None:
            raise CloudError.missing(say("cloud.kind.stack"), self.stack.name, say("world.stack_missing"))
        return state

    @cached_property
    def resources(self) -> dict[str, str]:
        """Physical ids of its resources."""
        return self.stack.resources()

    def _resource(self, logical: str, step: str) -> str:
        found = self.resources.get(logical)
        if not found:
            kind = say("cloud.kind.resource_in_stack", resource=logical)
            raise CloudError.missing(kind, self.stack.name, step)
        return found

    @cached_property
    def secret(self) -> Secret:
        """The database's secret."""
        arn = self._resource("DatabaseSecret", say("world.secret_missing"))
        return Secret(self.place.account, arn)

    @cached_property
    def secret_name(self) -> str:
        """The secret's name.

        Raises
        ------
        CloudError
            When the stack has it but Secrets Manager does not.
        """
        described = self.secret.described()
        if described is None:
            restore = say("world.secret_deleted", secret=self.secret.name)
            raise CloudError.missing(say("cloud.kind.secret"), self.secret.name, restore)
        return described["name"]

    @cached_property
    def credentials(self) -> Credentials:
        """The secret's value; from here on the redactor knows it."""
        credentials = self.secret.credentials()
        self.place.redactor.add(credentials.password)
        return credentials

    @cached_property
    def cluster(self) -> ClusterState | None:
        """The database cluster, or None."""
        identifier = self.resources.get("DatabaseCluster")
        return Cluster(self.place.account, identifier).state() if identifier else None

    # --- the web server ---------------------------------------------------------------

    @cached_property
    def server_host(self) -> str:
        """Public name of the web server, from the stack's output ``URL``."""
        return urlsplit(self._output("URL")).hostname or ""

    def _output(self, name: str) -> str:
        value = self.stack_state.outputs.get(name)
        if not value:
            kind = say("cloud.kind.output_of_stack", output=name)
            raise CloudError.missing(kind, self.stack.name, say("world.output_missing"))
        return value

    @property
    def server(self) -> Server:
        """The connection to the web server.

        Raises
        ------
        DiagnosisError
            When nobody answers, and the cause is known.
        ServerError
            When it cannot be reached; a look does not try twice.
        """
        if self._commanded:
            return self._commanded
        if self._no_server:
            raise self._no_server
        try:
            return self.place.server(
                self.server_host,
                on_silence=self._no_answer_from_server,
                admit=self._admit if self.opening else None,
                witness=self.witness,
            )
        except (NoAnswerError, PortClosedError) as error:
            if self.opening:
                self._commanded = reaching.by_commands(self, SOURCE["password"], error)
            if self._commanded:
                return self._commanded
            self._no_server = error
            raise
        except TsalabError as error:
            self._no_server = error
            raise

    @property
    def witness(self) -> Witness:
        """Who can tell the web server's host keys without connecting to it: its console."""
        instance = self._resource("WebServer", say("cloud.kind.instance"))
        return Witness(instance, lambda: console.host_keys(self.place.account, instance))

    def _admit(self, public_key: str) -> None:
        """Let a key into the web server for a minute; for whoever has lost the one of lab 1."""
        instance = self._resource("WebServer", say("cloud.kind.instance"))
        instance_connect.admit(self.place.account, instance, USER, public_key)

    def _no_answer_from_server(self) -> None:
        if cause := diagnosis.web_server(self):
            raise cause

    @cached_property
    def role(self) -> str:
        """Name of the web server's role."""
        return self._resource("ServerRole", say("world.role_missing"))

    @cached_property
    def app_health(self) -> dict[str, Any]:
        """What the app says of itself through the distribution; empty when it does not answer."""
        try:
            return self.site.health()
        except TsalabError:
            return {}

    @cached_property
    def app_processes(self) -> list[Process]:
        """What ``forever list`` shows of the app."""
        return [process for process in app.processes(self.server) if app.is_app(process)]

    @cached_property
    def source(self) -> Login:
        """Login to the old database, through the web server."""
        return Login(
            host="127.0.0.1",
            port=self.place.tunnel(self.server, "127.0.0.1", 3306),
            role=say("migration.role.old"),
            **SOURCE,
        )

    @property
    def target(self) -> Login:
        """Login to Aurora, through the web server.

        Raises
        ------
        DiagnosisError
            When this look already found out why Aurora does not answer.
        """
        if self._no_aurora:
            raise self._no_aurora
        return self._target

    def _no_answer_from_aurora(self) -> None:
        cause = diagnosis.aurora(self, say("diagnosis.aurora_waited", seconds=round(login.SILENCE)))
        if cause and (cause.lasting or self.hurried):
            self._no_aurora = cause
            raise cause

    @cached_property
    def _target(self) -> Login:
        secret, ca = self.credentials, authorities.bundle(self.place.account)
        return Login(
            host="127.0.0.1",
            port=self.place.tunnel(self.server, secret.host, secret.port),
            user=secret.username,
            password=secret.password,
            database=secret.dbname,
            role=say("migration.role.aurora"),
            on_silence=self._no_answer_from_aurora,
            on_refusal=lambda: diagnosis.password(self),
            # The way there is a forwarding from this computer, but the certificate bears the endpoint's name.
            ca=ca,
            server=secret.host,
            on_distrust=lambda reason: DiagnosisError.aurora_not_trusted(secret.host, reason, str(ca)),
        )

    # --- the code and the site --------------------------------------------------------

    @cached_property
    def repository(self) -> Repository:
        """The app's repository in CodeCommit."""
        return Repository(self.place.account, self.place.repository)

    @cached_property
    def clone(self) -> WorkingCopy:
        """The learner's clone of it, which may not exist yet."""
        return WorkingCopy(self.place.account, self.place.workdir / self.place.repository)

    def code(self, path: str) -> str:
        """A file of the app: from the learner's clone, else from the repository.

        Parameters
        ----------
        path
            Relative to the repository's top.
        """
        if path not in self._files:
            own = self.clone.folder / path
            if self.clone.exists:
                if not own.exists():
                    raise StepError.file_missing(own, say("world.file_missing", path=path))
                with own.open(encoding="utf-8", newline="") as file:
                    self._files[path] = file.read()
            else:
                self._files[path] = self.pushed(path)
        return self._files[path]

    def pushed(self, path: str) -> str:
        """A file of the app as the repository's newest commit holds it.

        Parameters
        ----------
        path
            Relative to the repository's top.
        """
        if path not in self._pushed:
            self._pushed[path] = self.repository.file(path)
        return self._pushed[path]

    @cached_property
    def site(self) -> Site:
        """The site, as a visitor reaches it: through the distribution."""
        return Site(self._output("DistributionUrl"))

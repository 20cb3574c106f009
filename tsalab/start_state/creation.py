"""The order of things: what has to be there before what, and what runs at the same time.

The child stack's web server clones the repositories when it first starts and is opened by
the key pair, so those come before the upload that makes the pipeline create it. Run again,
or after a crash at any point, it goes on where it stopped.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsalab.cloud.account import Account
from tsalab.cloud.inventory import Names
from tsalab.cloud.pipeline import Pipeline
from tsalab.cloud.stacks import Stack
from tsalab.start_state import key_pair, repositories, serving, stacks
from tsalab.start_state.history import HISTORIES
from tsalab.start_state.run import OnEvent, Run

# boto3 makes clients safely on one thread only, so they are made here; any thread may use them.
_SERVICES = ("cloudformation", "ec2", "s3", "codepipeline")


@dataclass(frozen=True)
class StartState:
    """Where lab 4 begins.

    Attributes
    ----------
    bucket
        The data bucket.
    stack
        Name of the child stack.
    url
        The site, through CloudFront.
    key_file
        The private key of the web server's key pair; None when it is not on this machine.
    """

    bucket: str
    stack: str
    url: str
    key_file: Path | None


def create(
    account: Account,
    *,
    key_file: Path | None = None,
    ssh_location: str | None = None,
    patience: float = 1800.0,
    names: Names | None = None,
    on_event: OnEvent = lambda _name, _detail: None,
) -> StartState:
    """Create the starting state, or what of it is missing.

    Parameters
    ----------
    account
        Where.
    key_file
        Where to save the key pair's private key; by default beside the profile's own
        ``ssh_config``, else in ``~/.ssh``.
    ssh_location
        Addresses that may reach the web server over SSH; the template's default when None.
    names
        What the things are to be called; as the lab's text has them when None.
    patience
        Seconds to wait for each stack, the single-page app and the site.
    on_event
        Called with the name of a part and what became of it, from any thread, one call at a time.

    Raises
    ------
    CloudError
        When AWS refuses something, a stack fails (with the reason of its first failure), git
        fails, or a state does not appear in its time.
    """
    run = Run(account, patience, on_event, names or Names())
    file = key_file or key_pair.default_file(account, run.names.key_pair)
    with ThreadPoolExecutor(max_workers=5, thread_name_prefix="start-state") as threads:
        account.client("codecommit")
        before: list[Future[Any]] = [threads.submit(repositories.create, run, each) for each in HISTORIES]
        for service in _SERVICES:
            account.client(service)
        unused = Stack(account, run.names.gallery).state() is None
        key_pair.create(run, file, unused=unused)  # the stacks' KeyName must exist before they do
        bootstrap = Stack(account, run.names.bootstrap)
        stacks.bootstrap(run, bootstrap, ssh_location)
        bucket = bootstrap.resources()["StackData"]
        photos = threads.submit(serving.photos, run, bucket)
        for each in before:
            each.result()
        pipeline = Pipeline(account, run.names.bootstrap)
        child = Stack(account, pipeline.stack_name)
        url = stacks.child(run, child, pipeline).outputs["DistributionUrl"]
        app = threads.submit(serving.single_page_app, run, child)
        serving.answers(run, url, "/api/health")
        app.result()
        photos.result()
        serving.answers(run, url, "/")
    return StartState(bucket, child.name, url, file if file.exists() else None)

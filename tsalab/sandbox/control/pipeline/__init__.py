"""CodePipeline: pipelines that really run, started at once by uploads, pushes and requests.

`declaration` says what a pipeline may ask for, `engine` runs it, `sources`, `stack` and
`files` are its actions, `service`, `views` and `cfn` its API and resource type. Actions
speak to AWS by boto3; they know nothing of MiniStack.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control import json_service

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context
    from tsalab.sandbox.control.pipeline.service import CodePipeline

TOUCHES = (
    *json_service.TOUCHES,
    "core.responses.request_scope",
    "services.cloudformation.provisioners._RESOURCE_HANDLERS",
    "services.cloudformation.provisioners._STACK_TAG_PROPERTY",
    "services.iam._roles",
    "services.s3._fire_s3_event_async",
)


def install(context: Context) -> CodePipeline:
    """Add CodePipeline to MiniStack. After CodeCommit, whose branches it follows.

    Parameters
    ----------
    context
        The sandbox.
    """
    from tsalab.sandbox.control import codecommit
    from tsalab.sandbox.control.pipeline import cfn
    from tsalab.sandbox.control.pipeline.service import CodePipeline

    repositories = codecommit.of(context).repositories
    service = CodePipeline(context, repositories)
    service.register()
    cfn.install(service)
    repositories.listeners.append(service.engine.branch_moved)
    _hear_of_objects(service)
    return service


def of(context: Context) -> CodePipeline:  # noqa: ARG001 - one sandbox a process
    """The service that `install` added."""
    from ministack import app

    service: CodePipeline = app._loaded_modules["codepipeline"]
    return service


def resume(context: Context) -> None:
    """Start the pipelines whose source moved on while the sandbox was down."""
    of(context).engine.poll()


def close(context: Context) -> None:
    """End what runs, marked as interrupted."""
    of(context).engine.close()


def _hear_of_objects(service: CodePipeline) -> None:
    """Have S3 tell of every object that is stored."""
    from ministack.services import s3

    inner = s3._fire_s3_event_async

    @functools.wraps(inner)
    def fire(bucket_name: str, key: str, event_name: str, *args: Any, **kwargs: Any) -> None:
        inner(bucket_name, key, event_name, *args, **kwargs)
        if event_name.startswith("s3:ObjectCreated:"):
            service.engine.object_created(bucket_name, key)

    s3._fire_s3_event_async = fire

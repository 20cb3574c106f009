"""What the site serves: photos, the single-page app, and the wait until both answer."""

from __future__ import annotations

import time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from tsalab import resources
from tsalab.cloud.stacks import Stack
from tsalab.cloud.waiting import poll
from tsalab.errors import CloudError
from tsalab.messages import say
from tsalab.start_state.run import NOTICED, Run

PHOTOS = "images/uploads/"
_ANSWER = 20.0  # seconds for one answer of the site


def photos(run: Run, bucket: str) -> None:
    """Upload the seeded photos and their thumbnails, those that are not there."""
    api = run.account.client("s3")
    with run.account.doing(say("cloud.doing.photos", bucket=bucket, folder=PHOTOS)):
        listed = api.list_objects_v2(Bucket=bucket, Prefix=PHOTOS).get("Contents", [])
        there = {row["Key"] for row in listed}
        folder = resources.templates() / "gallery" / "photos"
        new = [path for path in sorted(folder.glob("*.jpg")) if PHOTOS + path.name not in there]
        for path in new:
            key, body = PHOTOS + path.name, path.read_bytes()
            api.put_object(Bucket=bucket, Key=key, Body=body, ContentType="image/jpeg")
    run.tell(say("start_state.part.photos"), say("start_state.photos", new=len(new), there=len(there)))


def single_page_app(run: Run, stack: Stack) -> None:
    """Wait until the app's own pipeline has delivered it once."""
    name = stack.resources()["SPAPipeline"]
    api = run.account.client("codepipeline")
    begin = time.monotonic()
    started = False

    def runs() -> list[str]:
        nonlocal started
        with run.account.doing(say("cloud.doing.pipeline_runs", pipeline=name)):
            answer = api.list_pipeline_executions(pipelineName=name, maxResults=10)
            found = [row["status"] for row in answer["pipelineExecutionSummaries"]]
            if not found and not started and time.monotonic() - begin > NOTICED:
                api.start_pipeline_execution(name=name)
                started = True
        return found

    seen, over = poll(runs, _over, seconds=run.patience)
    if not over:
        raise CloudError.timed_out(
            say("start_state.the_pipeline", name=name),
            run.patience,
            ", ".join(seen) or say("start_state.no_execution"),
        )
    if "Succeeded" not in seen:
        raise CloudError.pipeline_failed(name, _reason(run, name))
    run.tell(say("start_state.part.single_page_app"), say("start_state.delivered", pipeline=name))


def _over(statuses: list[str]) -> bool:
    return "Succeeded" in statuses or statuses[:1] == ["Failed"]


def _reason(run: Run, pipeline: str) -> str:
    with run.account.doing(say("cloud.doing.pipeline_state", pipeline=pipeline)):
        stages = run.account.client("codepipeline").get_pipeline_state(name=pipeline)["stageStates"]
    newest = [a.get("latestExecution", {}) for stage in stages for a in stage.get("actionStates", [])]
    return "; ".join(each["errorDetails"]["message"] for each in newest if each.get("errorDetails"))


def answers(run: Run, url: str, path: str) -> None:
    """Wait until the site answers a path with 200."""
    begin = time.monotonic()
    seen, good = poll(lambda: _status(url, path), lambda status: status == "200", seconds=run.patience)
    if not good:
        raise CloudError.timed_out(say("start_state.the_site", url=url, path=path), run.patience, seen)
    run.tell(
        say("start_state.part.site"),
        say("start_state.answers", url=url, path=path, seconds=time.monotonic() - begin),
    )


def _status(url: str, path: str) -> str:
    """HTTP status of a GET, or why there is none."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=_ANSWER)
    try:
        connection.request("GET", path)
        return str(connection.getresponse().status)
    except (OSError, HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()

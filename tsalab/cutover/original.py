"""The lab's own way, done so that nothing is lost: stop, dump, load, restart."""

from __future__ import annotations

from collections.abc import Callable

from tsalab.cutover.looking import served
from tsalab.messages import say
from tsalab.server import app, mariadb
from tsalab.show import StepView
from tsalab.steps import World

FILE = "tsalab-cutover.sql"  # dump.sql is the learner's

Marks = dict[str, tuple[float, float]]


def original(world: World, view: StepView) -> Marks:
    """Stop the app, dump, load, fetch the code, start it, and wait until it serves from Aurora.

    The lab's text dumps first and stops the app last. What is written between the two is lost;
    so whoever may not lose a write stops first.

    Returns
    -------
    dict
        When each part began and ended, on the monotonic clock.
    """
    server, secret, target = world.server, world.credentials, world.target

    def load() -> None:
        mariadb.load(
            server,
            host=secret.host,
            database=target.database,
            user=target.user,
            password=target.password,
            file=FILE,
        )

    def restart() -> None:
        app.pull(server)
        app.start(server)
        served(world, secret.host)

    parts: dict[str, Callable[[], object]] = {
        "stop": lambda: app.stop_all(server),
        "dump": lambda: mariadb.dump(server, file=FILE),
        "load": load,
        "restart": restart,
    }
    marks: Marks = {}
    try:
        for part, do in parts.items():
            with view.during(say(f"cutover.original.{part}")) as span:
                do()
            marks[part] = (span.began, span.ended)
    finally:
        server.run(f"rm -f {FILE}")
    return marks

"""``tsalab migrate --follow``: copied, followed until Ctrl-C, gone on with, and finished at a cut-over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from tsalab.migrate.capture import forget, make_objects, noted


def command(followed, *more: str) -> subprocess.Popen[str]:
    addresses = [
        f"mysql://{login.user}@{login.host}:{login.port}/{login.database}"
        for login in (followed.source, followed.target)
    ]
    words = {
        "TSALAB_SOURCE_PASSWORD": followed.source.password,
        "TSALAB_TARGET_PASSWORD": followed.target.password,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tsalab", "migrate", *addresses, "--json", *more],
        env=os.environ | words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def documents(text: str) -> list[dict[str, object]]:
    found, decoder = [], json.JSONDecoder()
    while text.strip():
        document, end = decoder.raw_decode(text.lstrip())
        found.append(document)
        text = text.lstrip()[end:]
    return found


def test_follow(followed) -> None:
    followed.here(
        "CREATE TABLE t (id INT PRIMARY KEY, n INT)",
        "INSERT INTO t VALUES (1, 1)",
        "CREATE TRIGGER twice BEFORE INSERT ON t FOR EACH ROW SET NEW.n = NEW.n * 2",
    )
    process = command(followed, "--follow")
    for line in process.stderr:
        if " transactions applied, " in line:
            break  # it follows
    followed.here("INSERT INTO t VALUES (2, 2)")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    report, capture = documents(out)
    assert report["kind"] == "report"
    assert capture["kind"] == "capture"
    followed.here("INSERT INTO t VALUES (3, 3)")
    process = command(followed, "--resume", "--until-caught-up")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    (capture,) = documents(out)
    assert capture["transactions"] == 2
    assert capture["lag_bytes"] == 0
    followed.must_be_equal()
    assert make_objects(followed.source, followed.target)[0] == ["trigger twice"]
    forget(followed.target)
    assert noted(followed.target) is None

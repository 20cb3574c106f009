"""Steps 27 to 29: mistakes on the web server."""

from __future__ import annotations

from tests.faults.hand import Hand, Mistake

APP = "cd /opt/tsa_gallery"
RESTART = "cd /opt/tsa_gallery; forever stopall; forever start ./bin/www.js"


SERVER = (
    Mistake(
        "not pulled",
        27,
        # A copy of the old code, for the mistake of starting that.
        lambda hand: hand.ssh("cp -a /opt/tsa_gallery gallery", root=True),
        ("the web server is on", "CodeCommit on"),
        ("git pull",),
    ),
    Mistake(
        "pulled, not restarted",
        28,
        lambda hand: hand.ssh(f"{APP} && git pull", root=True),
        ("has been running for", "since before the new code was pulled", "the app's database is 127.0.0.1"),
        (f"Restart it, as root: {RESTART}",),
    ),
    Mistake(
        "started again, and the old one not stopped",
        28,
        lambda hand: hand.ssh(f"{APP} && forever start ./bin/www.js", root=True),
        ("since before the new code was pulled",),
        (f"Restart it, as root: {RESTART}",),
    ),
    Mistake(
        "stopped, not started",
        28,
        lambda hand: hand.ssh("forever stopall", root=True),
        ("forever list shows no bin/www.js",),
        ("As root: cd /opt/tsa_gallery; forever start ./bin/www.js",),
    ),
    Mistake(
        "started from another folder",
        28,
        lambda hand: hand.ssh("cd gallery && forever start ./bin/www.js", root=True),
        ("bin/www.js runs from", "/gallery, not from /opt/tsa_gallery"),
        (f"Restart it, as root: {RESTART}",),
    ),
)


def restart(hand: Hand) -> None:
    """What step 28 asks for."""
    hand.ssh(RESTART, root=True)


DATABASE = (
    Mistake(
        "mariadb disabled, not stopped",
        29,
        lambda hand: hand.ssh("systemctl disable mariadb", root=True),
        ("mariadb is active, disabled",),
        ("As root: systemctl stop mariadb",),
        lambda hand: hand.ssh("systemctl enable mariadb", root=True),
    ),
    Mistake(
        "mariadb stopped, not disabled",
        29,
        lambda hand: hand.ssh("systemctl stop mariadb", root=True),
        ("mariadb is inactive, enabled",),
        ("As root: systemctl disable mariadb",),
    ),
)

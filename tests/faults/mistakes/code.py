"""Steps 16 to 24: mistakes in the app's code, and on its way to CodeCommit."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.hand import Hand, Mistake, block

OLD, NEW = block("app-pool-old.js"), block("app-pool-new.js")
NAME, DB = block("config-secret-name.js"), block("config-db.js")


def finish(hand: Hand) -> None:
    """Every edit of steps 16 to 22, in an editor."""
    config, app = hand.clone / "utils" / "config.js", hand.clone / "app.js"
    lines = config.read_text().splitlines(keepends=True)
    lines.insert(5, NAME)
    config.write_text("".join(lines).replace(DB, ""))
    app.write_text(app.read_text().replace(OLD, NEW))


def edited(file: str, change: Callable[[str], str]) -> dict[str, Callable[[Hand], object]]:
    """A mistake in a file of the clone, and how it is mended."""
    before: dict[str, str] = {}

    def make(hand: Hand) -> None:
        path = hand.clone / file
        before["text"] = good = path.read_text()
        bad = change(good)
        assert bad != good
        path.write_text(bad)

    return {"make": make, "mend": lambda hand: (hand.clone / file).write_text(before["text"])}


def config(change: Callable[[str], str]) -> dict[str, Callable[[Hand], object]]:
    return edited("utils/config.js", change)


def app(change: Callable[[str], str]) -> dict[str, Callable[[Hand], object]]:
    return edited("app.js", change)


EDITS = (
    Mistake(
        "the secret's name misspelt in config.js",
        17,
        **config(lambda good: good.replace("TSAGallery-RDSMasterSecret", "TSAGallery-Secret")),
        saw=("in utils/config.js, secretName names TSAGallery-Secret (line 6)",),
        next=("In line 6 of utils/config.js, name the secret: 'TSAGallery-RDSMasterSecret'",),
        shown=("-      secretName: process.env.SECRETNAME || 'TSAGallery-Secret'", f"+{NAME.rstrip()}"),
    ),
    Mistake(
        "the secret's name in another block",
        17,
        **config(lambda good: good.replace(NAME, "").replace("    app: {\n", f"    app: {{\n{NAME}")),
        saw=("secretName stands outside the aws block, in line 8",),
        next=("Move line 8 of utils/config.js into the aws block, below s3Bucket",),
        shown=(f"+{NAME.rstrip()}",),
    ),
    Mistake(
        "the db block left in config.js",
        18,
        **config(lambda good: good.replace("    // Prefixes", f"{DB}    // Prefixes")),
        saw=("the db block is still there, from line 15",),
        next=("Delete lines 15 to 21 of utils/config.js",),
        shown=("-        host: process.env.DB_HOST || '127.0.0.1',",),
    ),
    Mistake(
        "a comma missing in config.js",
        19,
        **config(lambda good: good.replace("'tsagallery-data',\n", "'tsagallery-data'\n")),
        saw=("utils/config.js: line 5 does not end with a comma", "SyntaxError"),
        next=("Put a comma at the end of line 5 of utils/config.js",),
        shown=(
            "-        s3Bucket: process.env.S3BUCKET || 'tsagallery-data'\n",
            "+        s3Bucket: process.env.S3BUCKET || 'tsagallery-data',\n",
        ),
    ),
    Mistake(
        "the old pool left beside the new one",
        21,
        **app(lambda good: good.replace(NEW, OLD + NEW)),
        saw=("makes the old pool from config.db, in lines 37 to 44, beside the new one",),
        next=("Delete lines 37 to 44 of app.js",),
        shown=("-        host: app.locals.config.db.host,",),
    ),
    Mistake(
        "the new pool on the old host",
        22,
        **app(lambda good: good.replace("secrets.host", "'127.0.0.1'")),
        saw=("the pool in line 43 does not use the secret's host",),
        next=("let the pool of line 43 use the secret's host: secrets.host",),
    ),
    Mistake(
        "a bracket missing in app.js",
        23,
        **app(lambda good: good.replace("(secretObj.SecretString);", "(secretObj.SecretString;")),
        saw=("app.js: line 41: SyntaxError",),
        next=("Mend app.js there",),
        shown=("> 41 | ",),
    ),
)

WAY = (
    Mistake(
        "edited, not committed",
        24,
        lambda _: None,
        ("not committed: app.js, utils/config.js", "in CodeCommit, utils/config.js: there is no"),
        ('git commit -a -m "Use Aurora RDS"; git push',),
    ),
    Mistake(
        "committed, not pushed",
        24,
        lambda hand: hand.git("commit", "-q", "-a", "-m", "Use Aurora RDS"),
        ("your commit", "was not pushed; in CodeCommit, utils/config.js: there is no"),
        ("In the clone: git push",),
    ),
    Mistake(
        "pushed to another branch",
        24,
        lambda hand: hand.git("push", "-q", "origin", "HEAD:aurora"),
        ("your commit", "is on the branch aurora of CodeCommit, and the web server pulls master"),
        ("git push origin HEAD:master",),
    ),
)

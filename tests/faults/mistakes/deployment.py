"""Steps 6 to 9: mistakes with the zip, the upload and the pipeline."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from tests.faults.hand import Hand, Mistake
from tests.faults.mistakes.template import CLUSTER, POLICY
from tsalab.steps import World


def zipped(*commands: tuple[str, ...]) -> Callable[[Hand], None]:
    """A zip made by these commands, where there was none."""

    def make(hand: Hand) -> None:
        hand.package.unlink(missing_ok=True)
        for command in commands:
            hand.run(*command)

    return make


def older(hand: Hand) -> None:
    good = hand.template.read_text()
    hand.template.write_text(good.replace(CLUSTER, "").replace(POLICY, ""))
    hand.zip()
    hand.template.write_text(good)


def changed(hand: Hand) -> None:
    hand.zip()
    hand.template.write_text(hand.template.read_text() + "# one more comment\n")


ZIP = (
    Mistake("no zip", 6, zipped(), ("there is no infra.yml.zip",), ("zip infra.yml.zip infra.yml",)),
    Mistake(
        "another file in the zip",
        6,
        zipped(("cp", "infra.yml", "infra.yaml"), ("zip", "-q", "infra.yml.zip", "infra.yaml")),
        ("does not have one infra.yml at its top level", "holds infra.yaml"),
        ("Name the template infra.yml", "it is called infra.yaml"),
    ),
    Mistake(
        "a folder in the zip",
        6,
        zipped(("mkdir", "stack"), ("cp", "infra.yml", "stack"), ("zip", "-qr", "infra.yml.zip", "stack")),
        ("does not have one infra.yml at its top level", "stack/infra.yml"),
        ("not the folder it is in (stack)", "zip infra.yml.zip infra.yml"),
        lambda hand: shutil.rmtree(hand.folder / "stack"),
    ),
    Mistake(
        "no zip at all, but for its name",
        6,
        zipped(("cp", "infra.yml", "infra.yml.zip")),
        ("cannot be read as a zip", "the template itself"),
        ("zip infra.yml.zip infra.yml",),
    ),
    Mistake(
        "an older template in the zip",
        6,
        older,
        ("holds an older infra.yml, without database-cluster, read-secrets-policy",),
        ("Zip it again: zip infra.yml.zip infra.yml",),
    ),
    Mistake(
        "changed after it was zipped",
        6,
        changed,
        ("changed after it was zipped",),
        ("Zip it again",),
        lambda hand: hand.template.write_text(hand.template.read_text().replace("# one more comment\n", "")),
    ),
)


def uploaded(to: Callable[[Hand], str], file: str = "infra.yml.zip") -> dict[str, Callable[[Hand], object]]:
    return {
        "make": lambda hand: hand.run("aws", "s3", "cp", file, to(hand)),
        "mend": lambda hand: hand.remove(to(hand)),
    }


def artifacts(hand: Hand) -> str:
    """Another of the lab's buckets."""
    resources = World(hand.lab.place).resources
    return f"s3://{resources['PipelineArtifacts']}/cloudformation/infra.yml.zip"


UPLOAD = (
    Mistake(
        "nothing uploaded",
        8,
        lambda _: None,
        ("the uploaded template lacks database-subnet-group",),
        ("Upload the zip of step 6: aws s3 cp infra.yml.zip s3://", "/cloudformation/infra.yml.zip"),
    ),
    Mistake(
        "uploaded to the wrong key",
        8,
        **uploaded(lambda hand: hand.key.replace("cloudformation/", "")),
        saw=("lies under the key infra.yml.zip, and the pipeline reads cloudformation/infra.yml.zip",),
        next=("Upload it to the key that the pipeline reads: aws s3 cp infra.yml.zip s3://",),
    ),
    Mistake(
        "the key that the lab's text misspells",
        8,
        **uploaded(lambda hand: hand.key.replace(".yml", ".yaml")),
        saw=(
            "under the key cloudformation/infra.yaml.zip",
            "the pipeline reads cloudformation/infra.yml.zip",
        ),
        next=("/cloudformation/infra.yml.zip",),
    ),
    Mistake(
        "uploaded to the wrong bucket",
        8,
        **uploaded(artifacts),
        saw=("an upload lies in the bucket", "artifacts", "and the pipeline reads the bucket"),
        next=("/cloudformation/infra.yml.zip",),
    ),
    Mistake(
        "the pipeline is waited for, and nothing was uploaded",
        9,
        lambda _: None,
        ("the uploaded template lacks",),
        ("Upload the zip of step 6",),
    ),
    Mistake(
        "the template uploaded as it is",
        8,
        lambda hand: hand.run("aws", "s3", "cp", "infra.yml", hand.key),
        ("what was uploaded cannot be used", "the template itself, not zipped"),
        ("zip infra.yml.zip infra.yml",),
    ),
)

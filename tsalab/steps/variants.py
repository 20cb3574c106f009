"""The two variants of the lab, as a live cluster shows them, and why one does not become the other."""

from __future__ import annotations

from tsalab.errors import StepError
from tsalab.resources import AS_WRITTEN, CURRENT
from tsalab.steps.world import World

# Engine and mode that each variant's cluster asks for; a test holds them equal to its fragment.
ENGINES = {AS_WRITTEN: ("aurora", "serverless"), CURRENT: ("aurora-mysql", "provisioned")}


def variant_of(engine: str) -> str:
    """The variant whose cluster has an engine; empty when none has."""
    return next((variant for variant, (name, _) in ENGINES.items() if name == engine), "")


def refuse_other(world: World) -> None:
    """Refuse to deploy one variant where the other's cluster is: CloudFormation would replace it.

    Raises
    ------
    StepError
        Naming both.
    """
    cluster = world.cluster
    there = variant_of(cluster.engine) if cluster else ""
    if cluster and there and there != world.place.variant:
        raise StepError.other_variant(cluster.identifier, there, world.place.variant)

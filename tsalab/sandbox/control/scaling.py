"""How much capacity a serverless cluster would have, from the load that its database really has; pure.

A simulation, and called one wherever it is shown: AWS does not publish its rule. Of its user
guide are the bounds and the steps (version 1 doubles, version 2 goes by halves), that an ACU is
about 2 GiB of memory with its share of processor, that growing is quick and shrinking is not.
The share is taken for a quarter of a processor: an ACU is an eighth of a db.r5.large's memory,
which has two.
"""

from __future__ import annotations

from collections.abc import Sequence

PROCESSORS_PER_ACU = 0.25
BUSY = 0.7  # the share of its capacity from which a cluster grows
SHRINKS_AFTER = {1: 180.0, 2: 15.0}  # seconds of the sandbox's clock
AWAKE = 0.5  # version 2's least, while it is not paused


def steps(version: int, least: float, most: float, doubling: Sequence[int]) -> list[float]:
    """Every capacity that a cluster may have while it is awake, from the least to the most.

    Parameters
    ----------
    version
        Of Aurora Serverless.
    least, most
        As it was configured, in ACUs.
    doubling
        Version 1's capacities.
    """
    if version == 1:
        return [float(step) for step in doubling if least <= step <= most]
    first = max(least, AWAKE)
    return [first + index / 2 for index in range(int((most - first) * 2) + 1)]


class Scaler:
    """The capacity of one cluster over time.

    Parameters
    ----------
    version
        Of Aurora Serverless.
    """

    def __init__(self, version: int) -> None:
        self._shrinks_after = SHRINKS_AFTER[version]
        self._index = 0
        self._small_since: float | None = None

    def wake(self) -> None:
        """Begin with the least, whatever it had before it was paused."""
        self._index, self._small_since = 0, None

    def next(self, allowed: Sequence[float], processors: float, now: float) -> float:
        """The capacity from now on.

        Parameters
        ----------
        allowed
            As `steps` has them.
        processors
            How many the database kept busy since the last time.
        now
            Seconds of the sandbox's clock.

        Returns
        -------
        float
            ACUs.
        """
        needed = processors / PROCESSORS_PER_ACU / BUSY
        wanted = next((index for index, acu in enumerate(allowed) if acu >= needed), len(allowed) - 1)
        self._index = min(self._index, len(allowed) - 1)  # it may have been configured anew
        if wanted >= self._index:
            self._index, self._small_since = wanted, None
        elif self._small_since is None:
            self._small_since = now
        elif now - self._small_since >= self._shrinks_after:
            self._index, self._small_since = self._index - 1, now
        return allowed[self._index]

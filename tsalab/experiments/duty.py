"""What a cluster costs a month that is awake as long as was measured: an estimate; pure."""

from __future__ import annotations

from tsalab.cost import ACU_HOUR, MONTH_HOURS

# The gallery as its visitors use it: an office's. Four nights, and one weekend.
OPEN_HOURS, OPEN_DAYS = 8.0, 5
NIGHT, WEEKEND = 24 - OPEN_HOURS, 3 * 24 - OPEN_HOURS
_WEEK = 7 * 24.0


def awake_share(after: float) -> float:
    """Share of a week that a cluster is awake.

    Parameters
    ----------
    after
        Hours that it stays awake when the last visitor has gone.

    Returns
    -------
    float
        0 to 1.
    """
    hours = OPEN_DAYS * OPEN_HOURS + (OPEN_DAYS - 1) * min(after, NIGHT) + min(after, WEEKEND)
    return hours / _WEEK


def monthly(share: float, acus: float) -> float:
    """US dollars a month for a cluster's capacity.

    Parameters
    ----------
    share
        Of the time that it is awake.
    acus
        Its capacity meanwhile.
    """
    return share * MONTH_HOURS * acus * ACU_HOUR


def hours(share: float) -> float:
    """Hours of a month."""
    return share * MONTH_HOURS

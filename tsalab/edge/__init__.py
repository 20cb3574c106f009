"""The site as a visitor reaches it: one HTTP client, and probes that say what they saw.

No AWS, no SSH, no widgets: an address goes in, what the site answered comes out.
"""

from __future__ import annotations

from tsalab.edge.load import RATE, Load, Met, Request
from tsalab.edge.probe import Probe
from tsalab.edge.site import Site
from tsalab.edge.visits import Latency, Visits

__all__ = ["RATE", "Latency", "Load", "Met", "Probe", "Request", "Site", "Visits"]

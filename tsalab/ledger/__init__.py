"""A sandbox's ledger: its chain of entries, who may sign it, and the sealed file that a grader reads.

What writes it (the sandbox) and what reads it (the grader) share this room and nothing else.
Plain data and Ed25519; no AWS, no sandbox, no widgets.
"""

from __future__ import annotations

from tsalab.ledger.bundle import LARGEST, Bundle, Looked, read, sealed
from tsalab.ledger.chain import Chain, Entry
from tsalab.ledger.warrant import Commission, Warrant

__all__ = ["LARGEST", "Bundle", "Chain", "Commission", "Entry", "Looked", "Warrant", "read", "sealed"]

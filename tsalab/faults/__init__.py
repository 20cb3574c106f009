"""Faults made on purpose, for whoever wants to learn to find one.

Each is made through the ordinary seams (the AWS API, git, SSH, a file), so it is what could
happen to anybody, and the ordinary steps or `mend` repair it. The steps' checks find the
cause by themselves: nothing here tells them.
"""

from __future__ import annotations

from tsalab.faults.fault import Fault
from tsalab.faults.making import FAULTS, break_, mend

__all__ = ["FAULTS", "Fault", "break_", "mend"]

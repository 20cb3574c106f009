"""What the lab needs before it begins: of this machine, and of the account. Changes nothing.

One list for `lab.preflight()` and ``tsalab doctor``. Each thing that is amiss has one fix.
"""

from __future__ import annotations

from tsalab.preflight.account import of_account
from tsalab.preflight.finding import Finding
from tsalab.preflight.machine import of_machine
from tsalab.preflight.page import show

__all__ = ["Finding", "of_account", "of_machine", "show"]

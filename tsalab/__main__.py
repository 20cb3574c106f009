"""``python -m tsalab`` is the ``tsalab`` command."""

from __future__ import annotations

from tsalab.cli import main

main()

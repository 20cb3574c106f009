"""``python -m tsalab`` is the ``tsalab`` command."""

from __future__ import annotations

from tsalab.cli import main

if __name__ == "__main__":  # a Dask worker that is spawned imports this module
    main()

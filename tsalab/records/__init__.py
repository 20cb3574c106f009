"""What a step leaves behind: the record, its schema, the journal, and records read back from notebooks.

Plain data only. No boto3, no widgets, no network: a grader on another machine reads
records with this package alone.
"""

from __future__ import annotations

from tsalab.records.journal import Journal
from tsalab.records.notebook import MIMETYPE, CellRecord, read_cells, read_notebook
from tsalab.records.record import GENESIS, Json, Kind, Mode, Record, Status, canonical, utc_now
from tsalab.records.redactor import Redactor

__all__ = [
    "GENESIS",
    "MIMETYPE",
    "CellRecord",
    "Journal",
    "Json",
    "Kind",
    "Mode",
    "Record",
    "Redactor",
    "Status",
    "canonical",
    "read_cells",
    "read_notebook",
    "utc_now",
]

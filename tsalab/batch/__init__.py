"""Many learners: a roster read, one process a learner, and what is left of each in one summary.

Here live the roster, the jobs, the two engines that hand them out (threads of this machine,
a Dask cluster), the folder in which a batch can be resumed, and the summary. What runs a
notebook is `tsalab.runner`; no lab logic lives here, and nothing imports the sandbox: the
process of a learner is handed it by the command line.
"""

from __future__ import annotations

from tsalab.batch.batch import Batch
from tsalab.batch.roster import Learner
from tsalab.batch.summary import Summary

__all__ = ["Batch", "Learner", "Summary"]

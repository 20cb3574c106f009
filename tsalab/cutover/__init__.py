"""The near-zero-downtime way to Aurora: a learner may choose it in place of the order of steps 13 to 29.

`state` keeps in a file how far it came; `forward` goes there, `backward` comes back; `following`
holds the capture of changes, `proof` compares in the moment in which nobody writes, `original`
does the same the lab's own way, to be measured beside it. `room` is what a notebook holds. The
steps' checks read the world, so they pass after it as after any other way. AWS is asked by the
steps and by `cloud`; nothing here imports boto3 or a widget.
"""

from __future__ import annotations

from tsalab.cutover.room import Cutover

__all__ = ["Cutover"]

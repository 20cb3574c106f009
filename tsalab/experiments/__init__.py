"""The original's talking points, made to be tried: each question becomes a measurement."""

from tsalab.experiments.data_api import Asked
from tsalab.experiments.dms import Replicated
from tsalab.experiments.pausing import Pausing

__all__ = ["Asked", "Pausing", "Replicated"]

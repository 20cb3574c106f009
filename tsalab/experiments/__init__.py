"""The original's talking points, made to be tried: each question becomes a measurement."""

from tsalab.experiments.data_api import Asked
from tsalab.experiments.dms import Replicated

__all__ = ["Asked", "Replicated"]

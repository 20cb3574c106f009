"""What every process of a lab reads first, read once: those that are forked from here have it."""

from __future__ import annotations

from tsalab.cloud.sessions import load_models
from tsalab.commands.nursery import SERVICES

load_models(SERVICES)

"""Imported by the fork server alone: what takes seconds to load, once for all workers."""

import gc

from ingestion.intake.submit import warm_up
from warehouse.contracts import load_contracts

warm_up(load_contracts())
# What was loaded stays shared between the forks.
gc.freeze()

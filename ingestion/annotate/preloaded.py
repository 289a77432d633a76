"""Imported by the fork server of a process that annotates and reads nothing itself."""

import gc

from warehouse.contracts import load_contracts

load_contracts()
gc.freeze()

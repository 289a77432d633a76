"""Processes for tests: forked from one that has imported the heavy libraries, once for all."""

import multiprocessing

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["hypothesis", "pytest", "warehouse.ledger", "warehouse.releases"])

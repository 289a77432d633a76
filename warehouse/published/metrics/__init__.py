"""What Prometheus may ask: the state of reporting, of the desk, of builds and of the release.

Everything is read from ledger, release and timings at the moment of the question: no process has
to have lived since the beginning, and every process gives the same answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from warehouse.contracts import Contracts
from warehouse.core.clock import utc_now
from warehouse.core.paths import Home
from warehouse.ledger import Ledger
from warehouse.published.metrics import desk, releases, reporting, steps

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Metrics(Collector):
    """The metrics of one installation at the moment `now` gives."""

    home: Home
    ledger: Ledger
    contracts: Contracts
    now: Callable[[], datetime] = utc_now

    def collect(self) -> Iterator[Metric]:
        """Every family. A part that cannot be read is missing and named by `mvd_up`."""
        now = self.now()
        parts: dict[str, Callable[[], list[Metric]]] = {
            "reporting": lambda: reporting.families(self.ledger, self.contracts, now),
            "desk": lambda: desk.families(self.ledger, now),
            "builds": lambda: releases.build_families(self.ledger),
            "release": lambda: releases.release_families(self.home, self.ledger, now),
            "steps": lambda: steps.families(self.home),
        }
        up = GaugeMetricFamily("mvd_up", "1 if this part could be read", labels=["part"])
        for name, read in parts.items():
            try:
                found = read()
            except Exception:  # one broken part must not hide the others
                _log.exception("metrics of %s cannot be read", name)
                up.add_metric([name], 0)
            else:
                up.add_metric([name], 1)
                yield from found
        yield up


def exposition(metrics: Metrics) -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    return generate_latest(registry)

"""How long intake and the steps of a build take."""

from __future__ import annotations

from collections import defaultdict

from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily

from warehouse.core.paths import Home
from warehouse.core.timings import Timing, read_timings


def families(home: Home) -> list[Metric]:
    """Counts and sums per step and outcome over what is on file, and the last of each step."""
    timings: dict[tuple[str, str], list[Timing]] = defaultdict(list)
    for timing in read_timings(home):
        timings[timing.step, timing.outcome].append(timing)
    elapsed = SummaryMetricFamily(
        "mvd_step_seconds", "Time of a step by the clock", labels=["step", "outcome"]
    )
    used = SummaryMetricFamily(
        "mvd_step_processor_seconds",
        "Processor time of a step with its children",
        labels=["step", "outcome"],
    )
    last = GaugeMetricFamily(
        "mvd_step_last_seconds", "Time of the last such step", labels=["step", "outcome"]
    )
    for key, found in sorted(timings.items()):
        elapsed.add_metric(key, len(found), sum(t.seconds for t in found))
        used.add_metric(key, len(found), sum(t.processor_seconds for t in found))
        last.add_metric(key, found[-1].seconds)
    return [elapsed, used, last]

"""Submissions by verdict, and how far each form of each month has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric

from warehouse.contracts import Contracts
from warehouse.ledger import Ledger, Submission
from warehouse.reporting.punctuality import form_states

PERIODS = 24
"""The newest months that are told; older ones would only swell what Prometheus keeps."""

_KEY = ["form", "period"]


def families(ledger: Ledger, contracts: Contracts, now: datetime) -> list[Metric]:
    """Counts of the newest months, and of the month that is being reported now."""
    submissions = ledger.submissions()
    periods = _periods(submissions, now)
    kept = [s for s in submissions if s.period in periods]
    return [_by_verdict(kept), *_states(kept, contracts, periods)]


def _periods(submissions: Iterable[Submission], now: datetime) -> list[str]:
    due = (now.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    # A file that was refused because its month lies ahead must not push a real month out.
    begun = {s.period for s in submissions if s.period <= f"{now:%Y-%m}"}
    return sorted({due, *begun})[-PERIODS:]


def _by_verdict(submissions: Iterable[Submission]) -> Metric:
    family = GaugeMetricFamily(
        "mvd_submissions", "Files received, by their latest verdict", labels=[*_KEY, "verdict"]
    )
    counts = Counter(
        (s.form_code, s.period, s.verdict.value if s.verdict else "waiting") for s in submissions
    )
    for labels, count in sorted(counts.items()):
        family.add_metric(labels, count)
    return family


def _states(
    submissions: Iterable[Submission], contracts: Contracts, periods: Iterable[str]
) -> list[Metric]:
    expected = GaugeMetricFamily("mvd_reports_expected", "Units that owe a report", labels=_KEY)
    received = GaugeMetricFamily(
        "mvd_reports_received",
        "Units whose report counts, by when the first accepted file came",
        labels=[*_KEY, "timeliness"],
    )
    missing = GaugeMetricFamily(
        "mvd_reports_missing", "Units without a report that counts", labels=_KEY
    )
    not_accepted = GaugeMetricFamily(
        "mvd_reports_not_accepted",
        "Those of them that sent one: refused, returned or not yet confirmed",
        labels=_KEY,
    )
    deadline = GaugeMetricFamily(
        "mvd_report_deadline_timestamp_seconds", "When the report is due", labels=_KEY
    )
    lag = GaugeMetricFamily(
        "mvd_report_lag_seconds",
        "From the deadline to the first accepted file, negative before it",
        labels=[*_KEY, "unit"],
    )
    for state in form_states(submissions, contracts, periods):
        key = [state.form, state.period]
        expected.add_metric(key, state.expected)
        received.add_metric([*key, "in_time"], state.in_time)
        received.add_metric([*key, "late"], len(state.lags) - state.in_time)
        missing.add_metric(key, state.expected - len(state.lags))
        not_accepted.add_metric(key, state.not_accepted)
        deadline.add_metric(key, state.deadline.timestamp())
        if state.lags:
            ordered = sorted(state.lags)
            lag.add_metric([*key, "median"], ordered[(len(ordered) - 1) // 2])
            lag.add_metric([*key, "last"], ordered[-1])
    return [expected, received, missing, not_accepted, deadline, lag]

"""Builds, the release in force, and how much of the country it covers."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from warehouse import releases
from warehouse.contracts.territories import REPUBLIC
from warehouse.ledger import Ledger
from warehouse.ledger.pending import pending
from warehouse.metrics.reporting import PERIODS
from warehouse.paths import Home
from warehouse.sql import query

_COVERAGE = f"""
    SELECT form_code, strftime(period_month, '%Y-%m') AS period, coverage_share,
        population_coverage_share
    FROM marts.rpt_coverage
    WHERE territory_kato = '{REPUBLIC}' AND period_month IN (
        SELECT DISTINCT period_month FROM marts.rpt_coverage ORDER BY 1 DESC LIMIT {PERIODS}
    )
    ORDER BY ALL
"""  # noqa: S608 - constants of our own


def build_families(ledger: Ledger) -> list[Metric]:
    """Builds by how they ended, and how long the last published one took."""
    records = ledger.releases()
    builds = GaugeMetricFamily("mvd_builds", "Builds by state", labels=["state"])
    counts = Counter(record.state for record in records)
    for state in ("building", "published", "refused"):
        builds.add_metric([state], counts[state])
    published = [r for r in records if r.published_at is not None]
    if not published:
        return [builds]
    last = max(published, key=lambda r: (r.published_at, r.release_id))
    assert last.published_at is not None  # noqa: S101 - chosen above
    duration = GaugeMetricFamily(
        "mvd_build_seconds",
        "From the first input to the pointer, for the last build that was published",
        value=(last.published_at - last.created_at).total_seconds(),
    )
    return [builds, duration]


def release_families(home: Home, ledger: Ledger, now: datetime) -> list[Metric]:
    """The release in force: which, how old, what it lacks, what it covers."""
    found = pending(ledger)
    unreleased = GaugeMetricFamily(
        "mvd_unreleased_submissions",
        "Submissions in force of which no build knows",
        value=len(found.added),
    )
    if releases.current(home) is None:
        return [unreleased]
    manifest = releases.read_manifest(home)
    info = InfoMetricFamily("mvd_release", "The release in force")
    info.add_metric([], {"release_id": manifest.release_id, "content_hash": manifest.content_hash})
    age = GaugeMetricFamily(
        "mvd_release_age_seconds",
        "Since the release in force was published",
        value=(now - manifest.published_at).total_seconds(),
    )
    at = GaugeMetricFamily(
        "mvd_release_published_timestamp_seconds",
        "When the release in force was published",
        value=manifest.published_at.timestamp(),
    )
    return [unreleased, info, age, at, _coverage(home)]


def _coverage(home: Home) -> Metric:
    family = GaugeMetricFamily(
        "mvd_coverage_ratio",
        "Share of the country in the release in force, by units and by population",
        labels=["form", "period", "of"],
    )
    for row in query(home, _COVERAGE, memory_limit="500MB", threads=1).to_pylist():
        for of, column in (
            ("units", "coverage_share"),
            ("population", "population_coverage_share"),
        ):
            if row[column] is not None:
                family.add_metric([row["form_code"], row["period"], of], row[column])
    return family

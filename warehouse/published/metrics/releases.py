"""Builds, the release in force, and how much of the country it covers."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import get_args

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from warehouse.contracts import load_contracts
from warehouse.contracts.territories import REPUBLIC
from warehouse.core.paths import Home
from warehouse.ledger import Ledger
from warehouse.ledger.records import BuildState
from warehouse.published.metrics.reporting import PERIODS
from warehouse.query.reader import query
from warehouse.releases import catalogue
from warehouse.releases.completeness import completeness, latest_build

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
    """Builds by how they ended, how the latest did, and how long the last published one took."""
    records = ledger.releases()
    builds = GaugeMetricFamily("mvd_builds", "Builds by state", labels=["state"])
    counts = Counter(record.state for record in records)
    for state in get_args(BuildState):
        builds.add_metric([state], counts[state])
    latest = GaugeMetricFamily(
        "mvd_last_build",
        "1 for the state of the latest build; failed: the machine or the program, not the data",
        labels=["state"],
    )
    last = latest_build(ledger)
    for state in get_args(BuildState):
        latest.add_metric([state], int(last is not None and last.state == state))
    published = [r for r in records if r.published_at is not None]
    if not published:
        return [builds, latest]
    done = max(published, key=lambda r: (r.published_at, r.release_id))
    assert done.published_at is not None  # noqa: S101 - chosen above
    duration = GaugeMetricFamily(
        "mvd_build_seconds",
        "From the first input to the pointer, for the last build that was published",
        value=(done.published_at - done.created_at).total_seconds(),
    )
    return [builds, latest, duration]


def release_families(home: Home, ledger: Ledger, now: datetime) -> list[Metric]:
    """The release in force: which, how old, what it lacks, what it covers."""
    found = completeness(home, ledger, load_contracts())
    unreleased = GaugeMetricFamily(
        "mvd_unreleased_submissions",
        "Submissions in force that the release in force does not hold",
        value=len(found.missing),
    )
    overtaken = GaugeMetricFamily(
        "mvd_overtaken_submissions",
        "Submissions in the release in force that count no longer",
        value=len(found.overtaken),
    )
    left_out = GaugeMetricFamily(
        "mvd_left_out_submissions",
        "Submissions in force that the build of the release in force could not take up",
        value=len(found.left_out),
    )
    differing: list[Metric] = [unreleased, overtaken, left_out]
    if found.release_id is None:
        return differing
    manifest = catalogue.read_manifest(home)
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
    return [*differing, info, age, at, _coverage(home)]


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

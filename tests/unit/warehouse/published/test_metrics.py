"""What Prometheus is told, against what was handed in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.warehouse.builds import build, submit
from warehouse.contracts import load_contracts
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.core.timings import timed
from warehouse.ledger import IncomingFile, Ledger, Verdict
from warehouse.ledger.records import BuildState
from warehouse.published.metrics import Metrics, exposition
from warehouse.releases import marts as release_marts
from warehouse.releases import publication

NOW = datetime(2025, 7, 25, 12, tzinfo=UTC)
DEADLINE = load_contracts().deadline("1-M", "2025-06")
FIRST, SECOND, THIRD = "100000000", "430000000", "710000000"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{home.ledger_file}") as opened:
        yield opened


def asked(home: Home, ledger: Ledger, now: datetime = NOW) -> dict[str, float]:
    """Every sample as `name{labels} -> value`, read back by the parser of Prometheus."""
    said = exposition(Metrics(home, ledger, load_contracts(), lambda: now)).decode()
    return {
        sample.name + str(sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(said)
        for sample in family.samples
    }


def refused(ledger: Ledger, territory: str, received_at: datetime) -> None:
    registration = ledger.register(
        IncomingFile(
            form_code="1-M",
            form_version="2019",
            territory_kato=territory,
            period="2025-06",
            file_name="1-M.xlsx",
            file_sha256=hashlib.sha256(f"refused {territory} {received_at}".encode()).hexdigest(),
            file_size=1,
            received_at=received_at,
        ),
    )
    ledger.record_verdict(registration.submission_id, Verdict.REJECTED, [], None, "c" * 64)


def test_submissions_are_counted_by_form_month_and_verdict(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, FIRST)
    submit(home, ledger, SECOND)
    refused(ledger, THIRD, NOW)
    told = asked(home, ledger)
    assert told["mvd_submissions['1-M', '2025-06', 'accepted']"] == 2
    assert told["mvd_submissions['1-M', '2025-06', 'rejected']"] == 1
    assert told["mvd_reports_missing['1-M', '2025-06']"] == 18
    assert told["mvd_reports_not_accepted['1-M', '2025-06']"] == 1


def test_the_lag_runs_from_the_deadline_to_the_first_accepted_file(
    home: Home, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def received(territory: str, at: datetime, value: float = 1.0) -> None:
        monkeypatch.setattr("tests.unit.warehouse.builds.CREATED", at)
        submit(home, ledger, territory, value)

    received(FIRST, DEADLINE - timedelta(hours=30))
    received(SECOND, DEADLINE - timedelta(hours=5))
    received(SECOND, DEADLINE + timedelta(days=2), value=2.0)
    received(THIRD, DEADLINE + timedelta(hours=7))
    told = asked(home, ledger)
    assert told["mvd_report_lag_seconds['1-M', '2025-06', 'median']"] == -5 * 3600
    assert told["mvd_report_lag_seconds['1-M', '2025-06', 'last']"] == 7 * 3600
    assert told["mvd_reports_received['1-M', '2025-06', 'in_time']"] == 2
    assert told["mvd_reports_received['1-M', '2025-06', 'late']"] == 1
    expected = told["mvd_reports_expected['1-M', '2025-06']"]
    assert told["mvd_reports_missing['1-M', '2025-06']"] == expected - 3
    assert told["mvd_report_deadline_timestamp_seconds['1-M', '2025-06']"] == DEADLINE.timestamp()


def test_the_month_that_is_due_is_told_though_nobody_has_reported(
    home: Home, ledger: Ledger
) -> None:
    told = asked(home, ledger)
    assert told["mvd_reports_missing['1-M', '2025-06']"] == 20


def test_builds_release_age_and_what_waits_for_a_build(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, FIRST)
    draft = build(home, ledger, 1, only_in_force=True)
    marts = duckdb.connect(draft.build_dir / release_marts.DATABASE)
    with marts:
        marts.execute(
            "CREATE OR REPLACE TABLE marts.rpt_coverage AS SELECT '1-M' AS form_code,"
            " '000000000' AS territory_kato, DATE '2025-06-01' AS period_month,"
            " 0.25 AS coverage_share, 0.125 AS population_coverage_share"
        )
    marts.close()
    manifest = publication.publish(home, ledger, draft, Settings(home=home.root))
    submit(home, ledger, SECOND)
    told = asked(home, ledger, manifest.published_at + timedelta(seconds=90))
    assert told["mvd_builds['published']"] == 1
    assert told["mvd_builds['refused']"] == told["mvd_builds['failed']"] == 0
    assert told["mvd_last_build['published']"] == 1
    assert told["mvd_release_age_seconds[]"] == 90
    assert told[f"mvd_release_info{sorted(['r000001', manifest.content_hash])}"] == 1
    assert told["mvd_unreleased_submissions[]"] == 1
    took = (manifest.published_at - manifest.created_at).total_seconds()
    assert told["mvd_build_seconds[]"] == took
    assert told["mvd_coverage_ratio['1-M', '2025-06', 'units']"] == 0.25
    assert told["mvd_coverage_ratio['1-M', '2025-06', 'population']"] == 0.125


@pytest.mark.parametrize("state", ["refused", "failed"])
def test_what_a_build_did_not_bring_into_the_release_is_unreleased(
    home: Home, ledger: Ledger, state: BuildState
) -> None:
    submit(home, ledger, FIRST)
    draft = build(home, ledger, 1, only_in_force=True)
    ledger.record_release(draft.release_id, state=state)
    told = asked(home, ledger)
    assert told["mvd_unreleased_submissions[]"] == 1
    assert told[f"mvd_last_build['{state}']"] == told[f"mvd_builds['{state}']"] == 1


def test_steps_are_counted_apart_by_how_they_ended(home: Home, ledger: Ledger) -> None:
    for _ in range(2):
        with timed(home, "gate", release_id="r000001"):
            pass
    with pytest.raises(OSError, match="disk"), timed(home, "gate", release_id="r000002"):
        raise OSError("disk")
    told = asked(home, ledger)
    assert told["mvd_step_seconds_count['done', 'gate']"] == 2
    assert told["mvd_step_seconds_count['failed', 'gate']"] == 1


def test_a_release_that_cannot_be_read_hides_nothing_else(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, FIRST)
    home.current.symlink_to("releases/r000077")
    told = asked(home, ledger)
    assert told["mvd_up['release']"] == 0
    assert told["mvd_up['reporting']"] == 1
    assert told["mvd_submissions['1-M', '2025-06', 'accepted']"] == 1

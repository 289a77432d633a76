"""Notices around deadlines, on the real calendar: 1-М for July 2025 is due on 5 August, 18:00."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.warehouse.builds import submit
from warehouse.contracts import load_contracts
from warehouse.core.paths import Home
from warehouse.ledger import IncomingFile, Ledger
from warehouse.reporting.deadlines import MOMENTS, notices

DEADLINE = datetime(2025, 8, 5, 13, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{home.ledger_file}") as opened:
        yield opened


def of_1m(ledger: Ledger, since: datetime, until: datetime) -> list[tuple[str, str]]:
    found = notices(load_contracts(), ledger, since=since, until=until)
    return [(notice.kind, notice.period) for notice in found if notice.form == "1-M"]


def test_the_deadline_is_that_of_the_calendar() -> None:
    assert load_contracts().deadline("1-M", "2025-07") == DEADLINE


def test_a_month_of_hours_says_each_thing_once(ledger: Ledger) -> None:
    hour, said = datetime(2025, 8, 1, tzinfo=UTC), []
    while hour < datetime(2025, 8, 12, tzinfo=UTC):
        said += of_1m(ledger, hour, hour + timedelta(hours=1))
        hour += timedelta(hours=1)
    assert said == [(kind, "2025-07") for kind in MOMENTS]


def test_an_outage_over_several_moments_loses_none(ledger: Ledger) -> None:
    assert len(of_1m(ledger, DEADLINE - timedelta(days=3), DEADLINE + timedelta(days=4))) == 5


def test_the_very_moment_belongs_to_the_interval_that_ends_with_it(ledger: Ledger) -> None:
    assert of_1m(ledger, DEADLINE - SECOND, DEADLINE) == [("report_late", "2025-07")]
    assert of_1m(ledger, DEADLINE, DEADLINE + SECOND) == []


def test_it_names_who_is_missing_and_who_was_refused(home: Home, ledger: Ledger) -> None:
    contracts = load_contracts()
    ledger.register(
        IncomingFile(
            form_code="1-M",
            form_version="2019",
            territory_kato="150000000",
            period="2025-07",
            file_name="x",
            file_sha256="0" * 64,
            file_size=1,
        ),
    )
    found = notices(contracts, ledger, since=DEADLINE - SECOND, until=DEADLINE)
    (notice,) = [n for n in found if n.form == "1-M"]
    assert notice.missing == contracts.expected_submitters("1-M", "2025-07")
    assert notice.rejected == ("150000000",)
    assert (notice.expected, notice.reported) == (20, 0)


def test_who_has_reported_is_not_named(home: Home, ledger: Ledger) -> None:
    submit(home, ledger, "430000000")
    (june,) = [
        n
        for n in notices(
            load_contracts(),
            ledger,
            since=load_contracts().deadline("1-M", "2025-06") - SECOND,
            until=load_contracts().deadline("1-M", "2025-06"),
        )
        if n.form == "1-M"
    ]
    assert "430000000" not in june.missing
    assert june.reported == 1


def test_nothing_is_said_when_all_have_reported(home: Home, ledger: Ledger) -> None:
    contracts = load_contracts()
    for kato in contracts.expected_submitters("1-M", "2025-06"):
        submit(home, ledger, kato)
    due = contracts.deadline("1-M", "2025-06")
    assert [
        n for n in notices(contracts, ledger, since=due - SECOND, until=due) if n.form == "1-M"
    ] == []

"""Who reported, when, and whether in time. СНГ-1 for June 2025 is due on 7 July, 13:00 UTC."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from warehouse.contracts import load_contracts
from warehouse.core.paths import Home
from warehouse.ledger import IncomingFile, Ledger, Verdict
from warehouse.reporting.punctuality import Report, form_states, reports
from warehouse.storage.lake import CellFile

CONTRACTS = load_contracts()
FORM, PERIOD, REGION = "SNG-1", "2025-06", "430000000"
DISTRICTS = [unit.kato for unit in CONTRACTS.territories.children(REGION, date(2025, 6, 30))]
DEADLINE = CONTRACTS.deadline(FORM, PERIOD)
HOUR = timedelta(hours=1)
EARLY, LATE, LATER = DEADLINE - HOUR, DEADLINE + HOUR, DEADLINE + 2 * HOUR
CELLS = CellFile(Path("x.parquet"), "form=SNG-1/x.parquet", "c" * 64, 1)


class Sender:
    """A department that sends, and the ministry that answers."""

    def __init__(self, ledger: Ledger, territory: str = REGION) -> None:
        self.ledger, self.territory = ledger, territory

    def send(
        self, at: datetime, verdict: Verdict | None = Verdict.ACCEPTED, *, hold: bool = False
    ) -> str:
        content = f"{self.territory} {at}"
        number = self.ledger.register(
            IncomingFile(
                form_code=FORM,
                form_version="2021",
                territory_kato=self.territory,
                period=PERIOD,
                file_name=content,
                file_sha256=hashlib.sha256(content.encode()).hexdigest(),
                file_size=1,
                received_at=at,
            ),
            hold=hold,
        ).submission_id
        if verdict is not None:
            cells = CELLS if verdict.is_accepted else None
            self.ledger.record_verdict(number, verdict, [], cells, "c")
        return number

    def send_back(self, number: str) -> None:
        self.ledger.send_back(number, by="ministry", comment="R2")

    def withdraw(self, number: str) -> None:
        self.ledger.withdraw(number, by="clerk")


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{home.ledger_file}") as opened:
        yield opened


@pytest.fixture
def region(ledger: Ledger) -> Sender:
    return Sender(ledger)


def report(ledger: Ledger) -> Report:
    return reports(CONTRACTS, FORM, PERIOD, ledger.submissions())[REGION]


def test_who_sent_nothing_has_not_reported_and_is_late_after_the_deadline(ledger: Ledger) -> None:
    found = report(ledger)
    assert (found.state, found.reported_at, found.is_on_time) == ("not_sent", None, False)
    assert not found.is_late(DEADLINE)
    assert found.is_late(LATE)


def test_the_very_moment_of_the_deadline_is_in_time(region: Sender) -> None:
    region.send(DEADLINE)
    assert report(region.ledger).is_on_time


def test_a_correction_after_the_deadline_leaves_a_report_punctual(region: Sender) -> None:
    region.send(EARLY)
    region.send(LATE)
    found = report(region.ledger)
    assert (found.reported_at, found.is_on_time) == (EARLY, True)
    assert not found.is_late(LATER)


def test_a_refused_file_in_time_does_not_make_a_later_report_punctual(region: Sender) -> None:
    region.send(EARLY, Verdict.REJECTED)
    assert report(region.ledger).is_sent_in_vain
    region.send(LATE)
    found = report(region.ledger)
    assert (found.reported_at, found.is_on_time) == (LATE, False)
    assert not found.is_sent_in_vain


def test_a_returned_report_in_time_does_not_make_its_correction_punctual(region: Sender) -> None:
    region.send_back(region.send(EARLY))
    assert report(region.ledger).reported_at is None
    region.send(LATE)
    assert report(region.ledger).reported_at == LATE


def test_a_returned_correction_leaves_the_first_report_punctual(region: Sender) -> None:
    region.send(EARLY)
    region.send_back(region.send(LATE))
    assert report(region.ledger).is_on_time


def test_a_withdrawn_report_was_not_sent(region: Sender) -> None:
    region.withdraw(region.send(EARLY, Verdict.ACCEPTED_WITH_WARNINGS, hold=True))
    found = report(region.ledger)
    assert (found.state, found.reported_at) == ("not_sent", None)


def test_a_report_that_waits_for_its_sender_has_not_come(region: Sender) -> None:
    region.send(EARLY, Verdict.ACCEPTED_WITH_WARNINGS, hold=True)
    found = report(region.ledger)
    assert (found.state, found.reported_at) == ("awaits_confirmation", None)


def test_a_region_has_reported_when_the_last_of_its_districts_did(ledger: Ledger) -> None:
    for place, district in enumerate(DISTRICTS[1:]):
        Sender(ledger, district).send(EARLY - place * HOUR)
    assert report(ledger).reported_at is None
    last = Sender(ledger, DISTRICTS[0])
    last.send(LATE, Verdict.REJECTED)
    assert report(ledger).reported_at is None
    last.send(LATER)
    found = report(ledger)
    assert (found.reported_at, found.is_on_time, found.state) == (LATER, False, "not_sent")


def test_what_a_region_sends_itself_goes_before_its_districts(ledger: Ledger) -> None:
    for district in DISTRICTS:
        Sender(ledger, district).send(EARLY)
    region = Sender(ledger)
    own = region.send(LATE)
    assert report(ledger).reported_at == LATE
    region.send_back(own)
    assert report(ledger).reported_at == EARLY


def test_what_was_sent_for_another_form_or_month_says_nothing(region: Sender) -> None:
    region.send(EARLY)
    assert (
        reports(CONTRACTS, "1-M", PERIOD, region.ledger.submissions())[REGION].state == "not_sent"
    )
    assert (
        reports(CONTRACTS, FORM, "2025-05", region.ledger.submissions())[REGION].state == "not_sent"
    )


def test_nobody_owes_a_form_before_its_first_version(ledger: Ledger) -> None:
    assert CONTRACTS.expected_submitters("LVS-M", "2020-12")
    assert reports(CONTRACTS, "LVS-M", "2020-12", ledger.submissions()) == {}


def test_a_form_says_how_many_reported_how_late_and_in_vain(ledger: Ledger) -> None:
    Sender(ledger, "110000000").send(EARLY)
    Sender(ledger, "150000000").send(LATE)
    Sender(ledger, "190000000").send(EARLY, Verdict.REJECTED)
    (state,) = [s for s in form_states(ledger.submissions(), CONTRACTS, [PERIOD]) if s.form == FORM]
    assert (state.expected, state.in_time, state.not_accepted) == (20, 1, 1)
    assert sorted(state.lags) == [-3600, 3600]

"""A small but complete lake: every form, two years, a division, corrections, silence, refusals.

Straight as cells, without workbooks: what reading them costs is tested elsewhere.
"""

import hashlib
from datetime import timedelta

from bench.lake import Arrival, write
from ingestion.lake_cells import cells_table
from ingestion.request import Services
from mvd.demo.country import Country
from mvd.demo.tables import TableFigures
from warehouse import lake
from warehouse.clock import period_month
from warehouse.contracts import Contracts
from warehouse.ledger import Finding, Ledger, Verdict
from warehouse.paths import Home

KYZYLORDA, KARAGANDA, ULYTAU, KYZYLORDA_CITY = "430000000", "350000000", "620000000", "431000000"
PAVLODAR = "550000000"
YEARS = (2022, 2023)
# Before, in and after the month in which Ulytau was divided from Karaganda; a gap follows.
MONTHS = (1, 5, 6, 7, 9)


def fill(services: Services) -> None:
    """Put the submissions of all forms into the lake and the ledger of `services`."""
    home, ledger, contracts = services.home, services.ledger, services.contracts
    write(home, ledger, _offences(contracts))
    country = Country(contracts, *YEARS)
    for number, form in enumerate(contracts.table_forms):
        drawn = TableFigures(form, country, seed=number)
        for period in _periods():
            for territory in (KYZYLORDA, KARAGANDA, PAVLODAR)[: 2 + number % 2]:
                _report_table(home, ledger, contracts, drawn, (form.code, territory, period))
    _refuse(ledger, contracts)


def _periods() -> list[str]:
    return [f"{year}-{month:02d}" for year in YEARS for month in MONTHS]


def _offences(contracts: Contracts) -> list[Arrival]:
    """1-М of three regions and a city, one of them divided, with corrections and late returns."""
    arrivals: list[Arrival] = []
    for period in _periods():
        for kato in (KYZYLORDA, KARAGANDA, ULYTAU, KYZYLORDA_CITY):
            if not contracts.territories[kato].is_valid_on(period_month(period)):
                continue
            is_corrected = (kato, period[5:]) in {(KYZYLORDA, "05"), (KARAGANDA, "07")}
            arrivals.append(
                Arrival(kato, period, is_incomplete=is_corrected, warnings=len(arrivals) % 3)
            )
            if is_corrected:
                arrivals.append(Arrival(kato, period, version=1, days_late=30, warnings=1))
    return arrivals


def _report_table(
    home: Home,
    ledger: Ledger,
    contracts: Contracts,
    drawn: TableFigures,
    key: tuple[str, str, str],
) -> None:
    code, territory, period = key
    form = contracts.form(code, period, territory)
    values = drawn.of(form, period)
    if territory == KARAGANDA and period.endswith("-07"):
        # A figure that the department left blank.
        values[0] = float("nan")
    received = contracts.deadline(code, period) + timedelta(days=len(code) - 6)
    submission = ledger.register(
        form_code=code,
        form_version=form.version,
        territory_kato=territory,
        period=period,
        file_name=f"{code}.xlsx",
        file_sha256=hashlib.sha256(f"{key}".encode()).hexdigest(),
        file_size=1,
        received_at=received,
    ).submission
    cells = lake.write_cells(home, submission, cells_table(form, values))
    ledger.record_verdict(
        submission.submission_id,
        Verdict.ACCEPTED,
        [],
        cells,
        contracts.content_hash,
        judged_at=received,
    )


def _refuse(ledger: Ledger, contracts: Contracts) -> None:
    received = contracts.deadline("1-M", "2023-09")
    submission = ledger.register(
        form_code="1-M",
        form_version=contracts.forms["1-M"].version,
        territory_kato=PAVLODAR,
        period="2023-09",
        file_name="1-M.xlsx",
        file_sha256=hashlib.sha256(b"refused").hexdigest(),
        file_size=1,
        received_at=received,
    ).submission
    finding = Finding("CONTROL_RULE_BROKEN", "error", section="R1", line=1, graph=2)
    ledger.record_verdict(
        submission.submission_id,
        Verdict.REJECTED,
        [finding],
        None,
        contracts.content_hash,
        judged_at=received,
    )

"""A small lake of every form: two years, a division, corrections, falls, silence, a refusal.

Straight as cells, without workbooks, and with a part of the lines of 1-М: what reading costs is
measured elsewhere. The figures are drawn at random and obey no control rule.
"""

import hashlib
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ingestion.lake_cells import cells_table
from ingestion.request import Services
from warehouse.contracts import Form
from warehouse.core.clock import period_month
from warehouse.ledger import Finding, IncomingFile, Verdict
from warehouse.ledger.records import Severity
from warehouse.storage import lake

KYZYLORDA, KARAGANDA, ULYTAU, PAVLODAR = "430000000", "350000000", "620000000", "550000000"
KYZYLORDA_CITY = "431000000"
UNITS = (KYZYLORDA, KARAGANDA, ULYTAU, KYZYLORDA_CITY)
YEARS = (2022, 2023)
# A gap, then the month in which Ulytau was divided from Karaganda.
MONTHS = (1, 2, 6)
CORRECTED = {(KYZYLORDA, 2022, 2), (KYZYLORDA, 2023, 2), (KARAGANDA, 2023, 6)}
BLANK = (KARAGANDA, 2023, 1)
_FEW_FIGURES = 1000


def fill(services: Services) -> None:
    """Put the submissions of all forms into the lake and the ledger of `services`."""
    for form in services.contracts.forms.values():
        for territory in (KARAGANDA, ULYTAU) if form.is_table else UNITS:
            for year in YEARS:
                _report(services, form.code, territory, year)
    _send(services, ("1-M", PAVLODAR, "2023-06"), None)


def expect_only_these(inputs: Path) -> None:
    """Leave out of the inputs of a build whoever else has to report, and all other months."""
    months = pa.array([period_month(period) for year in YEARS for period in _periods(year)])
    for name in ("expected_submitters", "periods"):
        file = inputs / f"{name}.parquet"
        table = pq.read_table(file)
        kept = pc.is_in(table["period_month"], months)
        if name == "expected_submitters":
            kept = pc.and_(kept, pc.is_in(table["territory_kato"], pa.array([*UNITS, PAVLODAR])))
        pq.write_table(table.filter(kept), file)


def _periods(year: int) -> list[str]:
    return [f"{year}-{month:02d}" for month in MONTHS]


def _report(services: Services, code: str, territory: str, year: int) -> None:
    """What a unit reports of a form in a year, month by month."""
    contracts = services.contracts
    random = np.random.default_rng([year, int(territory), *code.encode()])
    # A unit that is divided has fewer rows afterwards.
    size = max(len(contracts.form(code, p, territory).coordinates) for p in _periods(YEARS[0]))
    total = np.zeros(size)
    for period, month in zip(_periods(year), MONTHS, strict=True):
        if not contracts.territories[territory].is_valid_on(period_month(period)):
            continue
        form = contracts.form(code, period, territory)
        # Now and then a total falls: cases are re-qualified.
        total += random.poisson(3, size) - 4 * random.binomial(1, 0.05, size)
        total.clip(0, out=total)
        key = (code, territory, period)
        told = _added_up(form, total)
        if (territory, year, month) == BLANK:
            told[::3] = np.nan
        _send(services, key, told)
        if (territory, year, month) in CORRECTED:
            _send(services, key, _added_up(form, total + random.poisson(1, size)), version=2)


def _added_up(form: Form, figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """With the rows of a table summed in the last, which is that of the whole."""
    shown = figures[: len(form.coordinates)].copy()
    if not form.is_table:
        return shown
    rows = shown.reshape(len(form.sections[0].lines), -1)
    rows[-1] = rows[:-1].sum(axis=0)
    return rows.ravel()


def _send(
    services: Services,
    key: tuple[str, str, str],
    figures: NDArray[np.float64] | None,
    version: int = 1,
) -> None:
    """One submission; without figures one that is refused."""
    code, territory, period = key
    contracts, ledger = services.contracts, services.ledger
    form = contracts.form(code, period, territory)
    received = contracts.deadline(code, period) + timedelta(days=3 * version - 4)
    submission = ledger.register(
        IncomingFile(
            form_code=code,
            form_version=form.version,
            territory_kato=territory,
            period=period,
            file_name=f"{code}.xlsx",
            file_sha256=hashlib.sha256(f"{key}{version}".encode()).hexdigest(),
            file_size=1,
            received_at=received,
        ),
    ).submission
    cells = None
    if figures is not None:
        cells = lake.write_cells(services.home, submission, _few(cells_table(form, figures)))
    severity: Severity = "error" if cells is None else "warning"
    ledger.record_verdict(
        submission.submission_id,
        Verdict.REJECTED if cells is None else Verdict.ACCEPTED_WITH_WARNINGS,
        [Finding("CONTROL_RULE_BROKEN", severity, section="R1", line=1, column=2)],
        cells,
        contracts.content_hash,
        judged_at=received,
    )


def _few(cells: pa.Table) -> pa.Table:
    """Every eighth line of a big form, the first among them."""
    if cells.num_rows < _FEW_FIGURES:
        return cells
    lines = cells["line"].to_numpy()
    sections = pc.is_in(cells["section"], pa.array(["R1", "R1-1", "R2", "R3", "R4"]))
    return cells.filter(pc.and_(sections, pa.array(lines % 8 == 1)))

"""Workbooks of form СНГ-1 to submit, in the official layout and then spoilt on purpose."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.workbook import Workbook as Book

from ingestion.documents.official import write_workbook
from ingestion.intake.submit import submit
from ingestion.request import Request, Services, SubmissionResult
from tests.unit.ingestion.table_workbooks import Counter
from warehouse.build.export import ledger_tables
from warehouse.contracts import load_contracts
from warehouse.core.settings import Settings
from warehouse.ledger import Finding
from warehouse.releases.left_out import known

KYZYLORDA = "430000000"
PERIOD = "2022-12"
RECEIVED = datetime(2023, 1, 10, 6, 0, tzinfo=UTC)

Change = Callable[[Book], None]


def sng_workbook(change: Change | None = None, **figures: float) -> bytes:
    """A СНГ-1 of Kyzylorda full of zeros. `figures` such as R1_2_1=5: section, line, column."""
    form = load_contracts().forms["SNG-1"]
    values = np.zeros(len(form.coordinates))
    values[form.grid("R3")] = np.nan
    for name, value in figures.items():
        section, line, column = name.split("_")
        values[form.position(section, int(line), int(column))] = value
    content = write_workbook(
        form,
        values,
        title="СНГ-1  Кызылординская область (Свод)",
        description="28327;50501;1943%;__",
    )
    return edited(content, change) if change else content


def edited(content: bytes, change: Change) -> bytes:
    """The workbook after `change`, as a clerk's spreadsheet program would save it."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


class Desk:
    """Takes files in and shows what became of them."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def send(self, content: bytes | Path, **given: object) -> SubmissionResult:
        terms: dict[str, object] = {
            "territory": KYZYLORDA,
            "period": PERIOD,
            "file_name": "СНГ-1.xlsx",
            "received_at": RECEIVED,
        }
        request = Request(content, **{**terms, **given})  # type: ignore[arg-type]
        return submit(self.services, request, workers=0)

    def is_kept(self, content: bytes) -> bool:
        originals = self.services.home.originals
        return any(path.read_bytes() == content for path in originals.rglob("*") if path.is_file())

    def cell_files(self) -> list[Path]:
        return sorted(self.services.home.lake.rglob("*.parquet"))


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """An installation. Whatever a test has sent to it, a build must be able to read the rest."""
    opened = Services.open(Settings(home=tmp_path / "home"))
    yield opened
    snapshot, _ = known(opened.ledger.snapshot(), opened.contracts)
    ledger_tables(snapshot, opened.contracts)
    opened.ledger.close()


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(services)


@pytest.fixture
def strict_desk(services: Services) -> Desk:
    """A desk that takes files up to 200 KB."""
    return Desk(replace(services, limits=replace(services.limits, file_bytes=200_000)))


def codes(result: SubmissionResult) -> list[str]:
    return [finding.code for finding in result.findings]


def only(result: SubmissionResult, code: str) -> Finding:
    """The one finding with this code."""
    (found,) = [finding for finding in result.findings if finding.code == code]
    return found


@pytest.fixture
def counter(desk: Desk) -> Counter:
    return Counter(desk.services)

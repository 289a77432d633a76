"""An installation whose forms have a second version, and what its figures must be."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
from openpyxl.cell.cell import MergedCell

from ingestion.documents.official import write_workbook
from ingestion.documents.template import write_template
from ingestion.intake.submit import submit
from ingestion.request import Request, Services, SubmissionResult
from tests.tools.form_versions import Renumbering
from warehouse.contracts import Contracts, Form, load_contracts
from warehouse.core.settings import Settings
from warehouse.query.reader import query

KYZYLORDA = "430000000"
Place = tuple[str, int, int]
"""Section, line and column in the numbers of the first version."""
Truth = Mapping[Place, float]


@dataclass(frozen=True)
class World:
    """An installation whose forms have a second version, and what became of the old numbers."""

    services: Services
    settings: Settings
    lines: Mapping[str, Renumbering]
    """By section of 1-М."""
    columns: Renumbering
    """Of TRF-M."""

    @property
    def contracts(self) -> Contracts:
        return self.services.contracts

    def official(self, form: Form, truth: Truth) -> bytes:
        """The workbook of a version of 1-М that tells the truth; 7 in every new line."""
        values = np.zeros(len(form.coordinates))
        for index, section in enumerate(form.sections):
            grid = values[form.offsets[index] : form.offsets[index + 1]]
            grid = grid.reshape(len(section.lines), len(section.columns))
            for place, line in enumerate(section.lines):
                origin = self._origin(form, section.code, line.code)
                for column in section.columns:
                    told = [truth.get((section.code, old, column.number), 0.0) for old in origin]
                    grid[place, section.column_index[column.number]] = sum(told) if origin else 7.0
        title = f"1-M  {self.contracts.territories[KYZYLORDA].name_ru}"
        return write_workbook(form, values, title=title, description="")

    def _origin(self, form: Form, section: str, line: int) -> tuple[int, ...]:
        if form.version == "2022" or section not in self.lines:
            return (line,)
        return self.lines[section].later[line]

    def table(self, period: str, truth: Truth) -> bytes:
        """The template of TRF-M filled in: all of it happened in the first district."""
        form = self.contracts.form("TRF-M", period, KYZYLORDA)
        section = form.sections[0]
        blank = write_template(self.contracts, form="TRF-M", territory=KYZYLORDA, period=period)
        book = openpyxl.load_workbook(io.BytesIO(blank))
        page = book.worksheets[0]
        for place, line in enumerate(section.lines):
            for column in section.columns:
                origin = self.columns.later[column.number] if form.version != "1" else None
                told = [truth.get(("T", 1, n), 0.0) for n in origin or (column.number,)]
                value = 7.0 if origin == () else sum(told)
                cell = page.cell(section.layout.first_data_row + place, column.sheet_column)
                assert not isinstance(cell, MergedCell)
                cell.value = value if place == 0 or line.is_total else 0
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()

    def send(self, form: str, period: str, content: bytes) -> SubmissionResult:
        received = self.contracts.deadline(form, period) - timedelta(days=1)
        request = Request(
            content,
            f"{form} {period}.xlsx",
            period,
            territory=KYZYLORDA,
            form=form,
            received_at=received,
        )
        return submit(self.services, request, workers=0)

    def report(self, period: str, truths: Mapping[str, Truth]) -> None:
        form = self.contracts.form("1-M", period)
        for code, content in (
            ("1-M", self.official(form, truths["1-M"])),
            ("TRF-M", self.table(period, truths["TRF-M"])),
        ):
            result = self.send(code, period, content)
            errors = [f for f in result.findings if f.severity == "error"]
            assert errors == [], errors[:3]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = query(self.services.home, sql).to_pylist()
        return found

    def published(self, period: str, basis: str) -> dict[str, dict[str, Any]]:
        """What the release says of the region, by indicator."""
        rows = self.rows(
            "select indicator_code, value, value_prior_year, status_reason"  # noqa: S608
            " from marts.fct_indicator_values"
            f" where territory_kato = '{KYZYLORDA}' and basis = '{basis}'"
            f" and period_month = date '{period}-01'"
        )
        return {row["indicator_code"]: row for row in rows}


@contextmanager
def world(root: Path, lines: Mapping[str, Renumbering], columns: Renumbering) -> Iterator[World]:
    services = Services.open(Settings(home=root / "home", threads=2), load_contracts(root / "c"))
    try:
        yield World(services, Settings(home=root / "home", threads=2), lines, columns)
    finally:
        services.ledger.close()


def sources_of(form: str) -> dict[str, list[tuple[Place, int]]]:
    """The year-to-date cells of every indicator of a form, as the contracts write them."""
    return {
        code: [
            ((source.section, line, source.column), source.sign)
            for source in entry.sources
            if source.basis == "ytd"
            for line in source.lines
        ]
        for code, entry in load_contracts().indicators.items()
        if {source.form for source in entry.sources} == {form}
    }


def drawn_truth(form: str, seed: int) -> dict[Place, float]:
    """Figures at every cell of an indicator and of what stands beside it, no two alike."""
    random = np.random.default_rng(seed)
    found = load_contracts().forms[form]
    places = {place for cells in sources_of(form).values() for place, _ in cells}
    if form == "1-M":
        near = {(s, n + step, c) for s, n, c in places for step in (-2, -1, 1, 2)}
        near |= {("R1", line.code, 2) for line in found.section("R1").lines}
    else:
        near = {("T", 1, column.number) for column in found.sections[0].columns}
    known = {(s, n, c) for s, n, c in places | near if n == 1 or n in found.section(s).line_index}
    figures = random.permutation(50 * len(known))[: len(known)]
    return {place: float(n) for place, n in zip(sorted(known), figures, strict=True)}


def added(earlier: Truth, seed: int) -> dict[Place, float]:
    """The same figures a month later."""
    random = np.random.default_rng(seed)
    return {place: value + int(random.integers(0, 90)) for place, value in earlier.items()}


def expected(form: str, truth: Truth) -> dict[str, float]:
    return {
        code: sum(sign * truth.get(place, 0.0) for place, sign in cells)
        for code, cells in sources_of(form).items()
    }

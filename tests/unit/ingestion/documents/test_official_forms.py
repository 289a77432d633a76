"""The real workbooks: all are read, and every figure is the one python-calamine reads."""

from pathlib import Path

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

from ingestion.intake.batch import ingest
from ingestion.intake.file_list import listed
from ingestion.judge.extract import extract
from ingestion.read.safety import Limits
from ingestion.request import Services
from tests.shared_data import official_forms, official_workbooks
from warehouse.contracts import load_contracts

REGIONS = {
    "150000000", "190000000", "230000000", "270000000", "310000000", "350000000", "390000000",
    "430000000", "550000000", "590000000", "610000000", "620000000", "630000000", "750000000",
}  # fmt: skip


@pytest.mark.parametrize("form", ["1-M", "SNG-1"])
def test_all_real_workbooks_are_accepted_by_their_own_names_and_titles(
    services: Services, form: str
) -> None:
    requests = listed(official_forms() / form, services.contracts, period="2022-12")
    results = ingest(services, requests)
    assert {result.territory for result in results} == REGIONS
    assert all(result.is_accepted and result.form == form for result in results)
    assert {f.severity for result in results for f in result.findings} <= {"warning", "info"}
    assert len(services.ledger.submissions(in_force=True)) == 14


@pytest.mark.parametrize("file", official_workbooks("1-M")[::5], ids=lambda path: path.stem)
def test_every_figure_is_the_one_an_independent_reader_finds(file: Path) -> None:
    contracts = load_contracts()
    form = contracts.forms["1-M"]
    read = extract(file.read_bytes(), contracts, period="2022-12", form_code=None, limits=Limits())
    book = CalamineWorkbook.from_path(file)
    for index, section in enumerate(form.sections):
        rows = book.get_sheet_by_name(section.sheet).to_python(skip_empty_area=False)
        first = section.layout.first_data_row - 1
        there = np.array(
            [
                [row[form_column.sheet_column - 1] for form_column in section.columns]
                for row in rows[first : first + len(section.lines)]
            ],
            dtype=np.float64,
        )
        ours = read.values[form.offsets[index] : form.offsets[index + 1]].reshape(there.shape)
        assert (ours == there).all(), section.code


def test_figures_of_kyzylorda_as_seen_on_the_sheet() -> None:
    """Read by eye: R1 line 1 columns 1 and 2, line 3 column 2, and annex 8 line 1 column 1."""
    contracts = load_contracts()
    form = contracts.forms["1-M"]
    file = official_forms() / "1-M" / "Kyzylorda Region.XLSX"
    values = extract(
        file.read_bytes(), contracts, period="2022-12", form_code=None, limits=Limits()
    ).values
    assert values[form.position("R1", 1, 1)] == 3589
    assert values[form.position("R1", 1, 2)] == 3164
    assert values[form.position("R1", 3, 2)] == 2827

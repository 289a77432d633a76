"""The control rules of the contracts on the departments' own workbooks."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from python_calamine import CalamineWorkbook

from ingestion.judge.control_rules import (
    breaches_by_section,
    compile_cross_rules,
    compile_rules,
    evaluate,
    measure,
)
from tests.shared_data import official_forms
from warehouse.contracts import Contracts, load_contracts
from warehouse.contracts.forms import Form


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return load_contracts()


# The files of the two forms spell some regions differently.
SPELLINGS = {
    "almaty": "almaty city",
    "karagandy region": "karaganda region",
    "zhambyl region": "jambyl region",
}


def region(file: Path) -> str:
    name = file.stem.lower().replace("-", " ")
    return SPELLINGS.get(name, name)


def figures(file: Path, table: Form) -> NDArray[np.float64]:
    """Every coordinate of a workbook in the official layout, read by its place on the sheet."""
    workbook = CalamineWorkbook.from_path(file)
    found: list[float] = []
    for sheet in table.sections:
        rows = workbook.get_sheet_by_name(sheet.sheet).to_python(skip_empty_area=False)
        first = sheet.layout.first_data_row - 1
        for row in rows[first : first + len(sheet.lines)]:
            cells = (row[column.sheet_column - 1] for column in sheet.columns)
            found += [np.nan if cell == "" else float(str(cell)) for cell in cells]
    return np.array(found)


@pytest.fixture(scope="module")
def real_figures(contracts: Contracts) -> Mapping[str, NDArray[np.float64]]:
    """Figures of the official workbooks by form, shape (14, coordinates), in the same order."""
    found, names = {}, {}
    for code in ("1-M", "SNG-1"):
        files = sorted((official_forms() / code).glob("*.XLSX"), key=region)
        names[code] = [region(file) for file in files]
        found[code] = np.stack([figures(file, contracts.forms[code]) for file in files])
    assert names["1-M"] == names["SNG-1"]
    return found


class TestOnTheRealWorkbooks:
    @pytest.mark.parametrize("code", ["1-M", "SNG-1"])
    def test_the_evidence_recorded_for_a_form_is_what_they_show(
        self, code: str, contracts: Contracts, real_figures: Mapping[str, NDArray[np.float64]]
    ) -> None:
        table = contracts.forms[code]
        rules = compile_rules(table, contracts.rule_books[table])
        recorded = {rule.id: rule.evidence for rule in rules.rules}
        assert measure(rules, real_figures[code]) == recorded

    def test_the_evidence_recorded_for_form_against_form_is_what_they_show(
        self, contracts: Contracts, real_figures: Mapping[str, NDArray[np.float64]]
    ) -> None:
        forms = (contracts.forms["1-M"], contracts.forms["SNG-1"])
        (cross,) = contracts.cross_rule_books
        rules = compile_cross_rules(forms, cross)
        values = np.concatenate([real_figures[f.code] for f in forms], axis=1)
        assert measure(rules, values) == {rule.id: rule.evidence for rule in rules.rules}

    def test_none_of_them_looks_damaged_but_shifted_sheets_do(
        self, contracts: Contracts, real_figures: Mapping[str, NDArray[np.float64]]
    ) -> None:
        table = contracts.forms["1-M"]
        rules = compile_rules(table, contracts.rule_books[table])
        assert not breaches_by_section(rules, evaluate(rules, real_figures["1-M"])).damaged.any()
        for name in ("R1", "R1-1", "R2", "R4", "R6", "R11", "PRIL4", "PRIL6", "PRIL11"):
            shifted = real_figures["1-M"][0].copy()
            grid = table.grid(name)
            shifted[grid] = np.roll(shifted[grid], 1, axis=1)
            damaged = breaches_by_section(rules, evaluate(rules, shifted)).damaged
            assert damaged[table.section_index[name]], name


def test_every_coordinate_of_1m_takes_part_in_a_rule(contracts: Contracts) -> None:
    table = contracts.forms["1-M"]
    rules = compile_rules(table, contracts.rule_books[table])
    used = np.zeros(rules.size, dtype=bool)
    used[rules.left.indices] = True
    used[rules.right.indices] = True
    assert used.all()

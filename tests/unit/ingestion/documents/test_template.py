"""Templates, filled in as a clerk would and sent in the three formats that a clerk can save."""

from __future__ import annotations

import io
from collections.abc import Mapping

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from ingestion.documents.template import previous_figures, write_template
from tests.unit.ingestion.table_workbooks import (
    CODES,
    KYZYLORDA,
    PERIOD,
    Counter,
    column_of,
    csv_text,
    ods,
    only,
    rows_of,
)
from warehouse.contracts import Form, load_contracts
from warehouse.core.errors import UserError

CONTRACTS = load_contracts()
FORMS = [form.code for form in CONTRACTS.table_forms]
TOTAL_ROW = 17  # eight units from row 9 on


def page_of(content: bytes) -> Worksheet:
    return openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]


def template(form: str, period: str = PERIOD, territory: str = KYZYLORDA) -> bytes:
    return write_template(CONTRACTS, form=form, territory=territory, period=period)


def filled(content: bytes, figures: Mapping[str, float | None] | None = None) -> bytes:
    """Zeros in every unlocked cell, `figures` by address instead."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for row in book.worksheets[0].iter_rows():
        for cell in row:
            if not cell.protection.locked:
                cell.value = 0
    for address, value in (figures or {}).items():
        book.worksheets[0][address] = value
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_a_filled_template_of_every_form_is_accepted_without_a_remark(
    counter: Counter, form: str
) -> None:
    result = counter.submit(filled(template(form)), territory=None)
    assert (result.verdict.value, result.form, result.findings) == ("accepted", form, ())
    assert result.territory == KYZYLORDA
    columns = CONTRACTS.forms[form].sections[0].columns
    expected = {(kato, g.number): 0.0 for kato in (*CODES, KYZYLORDA) for g in columns}
    assert counter.figures(result) == expected


FIGURES = {"D9": 2.0, "D10": 1.0, "D17": 3.0, "J9": 1.25, "R9": 1.25, "J17": 1.25, "R17": 1.25}


@pytest.mark.parametrize("kind", ["xlsx", "ods", "csv cp1251", "csv utf-8-sig"])
def test_figures_arrive_the_same_whatever_the_format(counter: Counter, kind: str) -> None:
    content = filled(template("DRG-M"), FIGURES)
    rows = rows_of(content)
    if kind == "ods":
        content = ods(rows)
    elif kind.startswith("csv"):
        content = csv_text(rows, kind.split()[1])
    result = counter.submit(content, file_name=f"DRG-M.{kind[:4].strip()}")
    assert (result.verdict.value, result.findings) == ("accepted", ())
    figures = counter.figures(result)
    assert figures[CODES[0], column_of("DRG-M", "DRG_OFF")] == 2
    assert figures[KYZYLORDA, column_of("DRG-M", "DRG_OFF")] == 3
    assert figures[CODES[0], column_of("DRG-M", "DRG_SEIZED")] == 1.25
    assert figures[CODES[0], column_of("DRG-M", "DRG_SEIZED__OTHER")] == 1.25


def test_only_figures_may_be_typed_and_only_within_their_limits() -> None:
    page = page_of(template("CYB-M"))
    assert page.protection.sheet
    unlocked = {
        cell.coordinate for row in page.iter_rows() for cell in row if not cell.protection.locked
    }
    assert len(unlocked) == 9 * len(CONTRACTS.forms["CYB-M"].sections[0].columns)
    assert "D9" in unlocked
    assert "B9" not in unlocked
    limits = page.data_validations.dataValidation
    assert {float(limit.formula1) for limit in limits} == {0.0}
    assert {limit.operator or "between" for limit in limits} == {"between"}


def test_rows_are_the_units_of_the_month() -> None:
    # Two districts of Abai oblast were made in January 2024.
    def units(period: str) -> set[object]:
        return {c.value for c in page_of(template("ADM-M", period, "100000000"))["C"]}

    assert units("2024-02") - units("2023-12") == {"104100000", "104500000"}


def test_a_city_of_republican_significance_reports_by_its_districts() -> None:
    names = [cell.value for cell in page_of(template("ADM-M", territory="750000000"))["B"]]
    assert "Алмалинский район\nАлмалы ауданы" in names


def test_headings_and_units_are_in_both_languages() -> None:
    page = page_of(template("DRG-M"))
    assert page["J6"].value == "Изъято наркотиков, всего\nТәркіленген есірткі, барлығы"
    assert page["J7"].value == "кг"
    assert page["A2"].value.endswith("Кызылординская область, январь–май 2026 г.")
    assert page["A3"].value.endswith("Қызылорда облысы, қаңтар–мамыр 2026 ж.")


def test_every_control_rule_has_a_hint_that_names_its_cells() -> None:
    formats = page_of(template("LVS-M")).conditional_formatting
    hints = {str(area.sqref): area.rules[0].formula[0] for area in formats}
    districts = "+".join(f"$D${row}" for row in range(9, TOTAL_ROW))
    assert f"ABS(ROUND(($D$17)-({districts}),6))>0" in hints["D17"]
    assert len(hints) == 3


def test_a_template_sent_for_another_month_or_territory_is_refused(counter: Counter) -> None:
    content = filled(template("LVS-M", "2026-04"))
    finding = only(counter.submit(content), "TABLE_PERIOD_CONTRADICTED")
    assert (finding.found, finding.expected) == ("2026-04", PERIOD)
    result = counter.submit(filled(template("LVS-M")), territory="750000000")
    assert only(result, "TABLE_TERRITORY_CONTRADICTED").found == "Кызылординская область"


def test_an_empty_cell_is_missing_and_an_empty_total_is_not(counter: Counter) -> None:
    result = counter.submit(filled(template("LVS-M"), {"E10": None}))
    assert only(result, "FIGURE_MISSING").cell == "E10"
    blank = dict.fromkeys(("D17", "E17", "F17"))
    result = counter.submit(filled(template("LVS-M"), blank))
    assert (result.verdict.value, only(result, "TABLE_TOTAL_EMPTY").cell) == ("accepted", "B17")
    assert KYZYLORDA not in {kato for kato, _ in counter.figures(result)}


def test_parts_beyond_their_whole_are_refused_at_their_row(counter: Counter) -> None:
    number = column_of("SLV-M", "CRM_SOLVED__PAST_YEARS")
    assert number == 2
    result = counter.submit(filled(template("SLV-M"), {"D10": 1, "E10": 2, "D17": 1, "E17": 2}))
    broken = [f for f in result.findings if f.rule_id == "SLV-M-PART"]
    assert [(f.cell, f.params["territory_kato"]) for f in broken] == [
        ("D10", CODES[1]),
        ("D17", KYZYLORDA),
    ]
    assert not result.is_accepted


def test_last_months_figures_stand_beside_and_are_not_read(counter: Counter) -> None:
    counter.submit(filled(template("LVS-M", "2026-04"), {"D9": 5, "D17": 5}), period="2026-04")
    services = counter.services
    previous = previous_figures(
        services.home, services.ledger, CONTRACTS, form="LVS-M", territory=KYZYLORDA, period=PERIOD
    )
    content = write_template(
        CONTRACTS, form="LVS-M", territory=KYZYLORDA, period=PERIOD, previous=previous
    )
    page = page_of(content)
    assert (page["H9"].value, page["H10"].value) == (5, 0)
    assert "прошлый месяц" in page["H6"].value
    result = counter.submit(filled(content, {"D9": 7, "D17": 7}))
    assert result.verdict.value == "accepted"
    assert counter.figures(result)[CODES[0], 1] == 7


def test_january_and_a_month_without_a_report_have_nothing_beside(counter: Counter) -> None:
    services = counter.services
    for period in ("2026-01", PERIOD):
        assert (
            previous_figures(
                services.home,
                services.ledger,
                CONTRACTS,
                form="LVS-M",
                territory=KYZYLORDA,
                period=period,
            )
            is None
        )


def test_unknown_forms_and_territories_are_told() -> None:
    with pytest.raises(UserError, match="FORM_CODE_UNKNOWN"):
        template("NO-M")
    with pytest.raises(UserError, match="TERRITORY_CODE_UNKNOWN"):
        template("LVS-M", territory="999999999")
    with pytest.raises(UserError, match=r"FORM_NOT_IN_FORCE.*2021-01 – …"):
        template("LVS-M", period="2020-12")


def test_a_bound_form_is_the_same_in_every_process() -> None:
    def bound(territory: str) -> Form:
        return CONTRACTS.form("LVS-M", PERIOD, territory)

    assert bound(KYZYLORDA) == bound(KYZYLORDA)
    assert bound(KYZYLORDA) != bound("750000000")

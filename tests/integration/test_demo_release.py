"""What the demonstration has to show can be seen in its release, by the questions it names."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import openpyxl
import pytest

from ingestion.intake.submit import submit
from ingestion.request import Request, Services
from mvd.build.pipeline import build_release
from mvd.commands.template import template_content
from mvd.demo.country import Country
from mvd.demo.intake import take_in
from mvd.demo.plan import Scope
from mvd.demo.story import shows
from mvd.demo.tables import TableFigures
from mvd.demo.write import write_demo
from tests.integration.command_line import Installation
from tests.tools.border_months import KEY, border_months, months_from_cells
from warehouse.contracts import load_contracts
from warehouse.core.settings import Settings
from warehouse.published.claims.check import check
from warehouse.published.dictionary.pages import Dictionary
from warehouse.query.reader import query

# Two of the forms carry all that is shown.
FORMS = ("TRF-M", "EXT-M")
# One department, one month, every compact form, by the templates that are offered for download.
PAVLODAR, MONTH = "550000000", "2023-05"
CONTRACTS = load_contracts()
TABLES = [form.code for form in CONTRACTS.table_forms]
FIRST_ROW, FIRST_COLUMN = 9, 4


def figures(code: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Rows x columns that obey the control rules of the form; the last row is the whole."""
    form = CONTRACTS.form(code, MONTH, PAVLODAR)
    drawn = TableFigures(CONTRACTS.forms[code], Country(CONTRACTS, 2023, 2023), 5)
    return drawn.of(form, MONTH).reshape(len(form.sections[0].lines), -1)


def filled_template(services: Services, code: str) -> bytes:
    content = template_content(services, code, PAVLODAR, MONTH)
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    for (row, column), figure in np.ndenumerate(figures(code)):
        sheet.cell(FIRST_ROW + row, FIRST_COLUMN + column).value = float(figure)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, parsed_models: None) -> Installation:
    home = tmp_path_factory.mktemp("demo-release")
    settings = Settings(home=home)
    services = Services.open(settings)
    written = write_demo(
        home / "demo",
        contracts=services.contracts,
        scope=Scope(extent="story", forms=FORMS),
        atoms=150,
    )
    take_in(services, written, lambda _: None)
    for code in TABLES:
        report = home / f"{code}.xlsx"
        report.write_bytes(filled_template(services, code))
        assert submit(services, Request(report, report.name, MONTH, PAVLODAR)).is_accepted
    outcome = build_release(services, settings)
    services.ledger.close()
    assert outcome.is_published, outcome
    return Installation(home)


def seen(installation: Installation, word: str) -> list[dict[str, Any]]:
    settings = Settings(home=installation.home)
    rows: list[dict[str, Any]] = query(settings.paths, shows("2026-03")[word].sql).to_pylist()
    return rows


def test_a_restatement_says_what_was_told_first(installation: Installation) -> None:
    told = {row["indicator_code"]: row for row in seen(installation, "restatement")}
    assert told["TRF_DTP"]["classification"] == "correction"
    assert told["TRF_DTP"]["value"] == told["TRF_DTP"]["first_value"] + 3


def test_one_region_is_late(installation: Installation) -> None:
    (row,) = seen(installation, "late")
    assert row["reports"] >= 1
    assert row["received_at"] > row["deadline_at"]


def test_a_series_runs_through_the_division_of_a_region(installation: Installation) -> None:
    rows = {(row["period"], row["name_ru"]): row for row in seen(installation, "split")}
    old, new = "Карагандинская область", "область Ұлытау"
    may, july = "2022-05", "2022-07"
    assert rows[may, new]["value_as_was"] is None
    assert rows[may, old]["value"] + rows[may, new]["value"] == rows[may, old]["value_as_was"]
    assert rows[may, old]["method"] == "sum_of_districts"
    together = rows[july, old]["value"] + rows[july, new]["value"]
    assert rows[july, old]["group_value"] == rows[july, new]["group_value"] == together


def test_no_month_runs_across_a_change_of_borders(installation: Installation) -> None:
    settings = Settings(home=installation.home)
    home = installation.home
    computed = months_from_cells(home / "current", home / "lake", CONTRACTS)
    published = query(
        settings.paths,
        "select v.indicator_code, v.territory_kato, v.period_month, v.value, v.status,"
        " v.status_reason, v.value_prior_year, v.per_100k, v.span_value, i.unit"
        " from marts.fct_indicator_values as v join marts.dim_indicator as i"
        " using (indicator_code) where v.basis = 'month' and i.measure_type = 'flow'"
        " and not i.is_derived and v.submission_id is not null",
    ).to_pandas()
    both = published.merge(computed, on=KEY, how="left", validate="one_to_one")

    across = both[both["is_across"] == True]  # noqa: E712 - unknown is not false
    assert {"630000000", "350000000", "190000000"} <= set(across["territory_kato"])
    assert set(across["status"]) == {"missing"}
    assert set(across["status_reason"]) == {"border_change"}
    assert across[["value", "value_prior_year", "per_100k"]].isna().all(axis=None)
    assert (across["span_value"] == across["ytd"]).all()

    known = both[both["month"].notna()]
    assert len(known) > 1000
    assert (known["value"] - known["month"]).abs().max() < 1e-3
    negative = both[both["value"] < 0]
    assert (negative["value"] == negative["month"]).all()
    assert not ((both["span_value"] < 0) & ~(both["value"] < 0)).any()


def test_a_change_of_borders_is_no_restatement(installation: Installation) -> None:
    settings = Settings(home=installation.home)
    moved = border_months(CONTRACTS)
    rows = query(
        settings.paths,
        "select territory_kato, period_month, reported_month from marts.rpt_restatements",
    ).to_pylist()
    crossing = [
        row
        for row in rows
        for kato, month in moved
        if kato == row["territory_kato"]
        and f"{row['period_month']:%Y-%m}" < month <= f"{row['reported_month']:%Y-%m}"
    ]
    assert crossing == []


def test_no_mart_shows_a_count_below_zero_that_the_figures_do_not(
    installation: Installation,
) -> None:
    settings = Settings(home=installation.home)
    counts = query(
        settings.paths,
        """
        select count(*) as rows from (
            select killed as value, territory_kato, period_month from marts.fct_road_safety
            union all
            select accidents, territory_kato, period_month from marts.fct_road_safety
            union all
            select month_value, territory_kato, period_month from marts.rpt_dashboard_figures
            union all
            select value, territory_kato, period_month from marts.fct_indicator_values_as_is
            union all
            select value_as_was, territory_kato, period_month from marts.fct_indicator_values_as_is
            union all
            select group_value, group_kato, period_month from marts.fct_indicator_values_as_is
        ) as shown
        where value < 0 and not exists (
            select 1 from marts.fct_indicator_values as v
            where v.territory_kato = shown.territory_kato and v.value = shown.value
                and v.period_month = shown.period_month and v.status_reason is null
        )
        """,
    ).to_pylist()
    assert counts == [{"rows": 0}]


def test_a_total_is_withheld_and_says_who_is_missing(installation: Installation) -> None:
    (row,) = seen(installation, "withheld")
    assert (row["value"], row["status"]) == (None, "withheld")
    assert row["accepted_units"] < row["expected_units"] / 2
    named = [row["missing_units"], row["not_accepted_units"]]
    units = [unit for names in named if names for unit in names.split("; ")]
    assert len(units) == len(set(units)) == row["expected_units"] - row["accepted_units"]


def test_published_figures_of_kyzylorda_are_confirmed(installation: Installation) -> None:
    verdicts = {
        claim["claim_id"]: claim for claim in installation.json("claims", "--json")["claims"]
    }
    assert len(verdicts) == len(CONTRACTS.claims.claims)
    traffic: Mapping[str, str] = {
        claim: verdicts[claim]["verdict"]
        for claim in ("C1026", "C1027", "C1028", "C1029", "C1030", "C1031")
    }
    assert traffic == {
        "C1026": "within_qualifier",
        "C1027": "within_qualifier",
        "C1028": "within_qualifier",
        "C1029": "within_qualifier",
        "C1030": "confirmed",
        "C1031": "confirmed",
    }
    assert all(
        claim["query_text"] for claim in verdicts.values() if claim["verdict"] != "not_checkable"
    )


def test_a_figure_checked_beforehand_gets_the_verdict_of_the_register(
    installation: Installation,
) -> None:
    home = Settings(home=installation.home).paths
    published = query(home, "select claim_id, verdict, verdict_reason from marts.rpt_claims")
    expected = {row["claim_id"]: row for row in published.to_pylist()}
    known = [c for c in CONTRACTS.claims.claims if c.indicator_code]
    assert len(known) == 125
    for claim in known:
        answer = check(claim, CONTRACTS, home)
        told = expected[claim.claim_id]
        assert (answer.verdict, answer.reason) == (told["verdict"], told["verdict_reason"])


def test_a_press_officer_sees_the_offending_numbers(installation: Installation) -> None:
    figure = ["--indicator", "TRF_DTP_CHILD", "--territory", "430000000", "--period", "2025-12"]
    wrong = installation.run("claims", "check", *figure, "--value", "410", "--json")
    told = json.loads(wrong.stdout)
    assert wrong.returncode == 1
    assert (told["verdict"], told["observed"]) == ("contradicted", 415)
    assert installation.run("claims", "check", *figure, "--value", "415").returncode == 0
    assert (
        installation.run(
            "claims", "check", *figure[:1], "NO_SUCH", *figure[2:], "--value", "1"
        ).returncode
        == 2
    )


@pytest.mark.parametrize("code", TABLES)
def test_what_a_department_types_into_a_template_is_in_facts_coverage_and_dictionary(
    installation: Installation, code: str
) -> None:
    home = Settings(home=installation.home).paths
    form = CONTRACTS.form(code, MONTH, PAVLODAR)
    section = form.sections[0]
    typed = dict(zip([line.territory for line in section.lines], figures(code), strict=True))
    facts = query(
        home,
        "select indicator_code, territory_kato, value, status from marts.fct_indicator_values "
        "where period_month = '2023-05-01' and basis = 'ytd'",
    ).to_pylist()
    shown = {(row["indicator_code"], row["territory_kato"]): row for row in facts}
    carried = set()
    book = Dictionary(CONTRACTS, "ru")
    for indicator in CONTRACTS.indicators.values():
        for source in (s for s in indicator.sources if s.form == code):
            carried.add(source.column)
            form_column = section.column_index[source.column]
            for kato, values in typed.items():
                row = shown[indicator.code, str(kato)]
                assert (row["value"], row["status"]) == (
                    pytest.approx(values[form_column]),
                    "final",
                )
            assert code in str(book.indicator(indicator.code).blocks[1])
    assert carried == {form_column.number for form_column in section.columns}
    coverages = query(
        home, "select * from marts.rpt_coverage where period_month = '2023-05-01'"
    ).to_pylist()
    (coverage,) = (
        row for row in coverages if (row["form_code"], row["territory_kato"]) == (code, PAVLODAR)
    )
    assert (coverage["accepted_units"], coverage["expected_units"]) == (1, 1)

"""The main job on the real workbooks: official forms in, published national facts out.

What the release says is compared with figures that are read here from the sheets by code of its
own (python-calamine, rows by line code), for every indicator of these forms, region by region.
"""

import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import python_calamine

from tests.integration.command_line import Installation
from tests.shared_data import official_forms
from tests.tools.object_store import ObjectStore
from warehouse.contracts import load_contracts

Grid = Sequence[Sequence[object]]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, parsed_models: None) -> Installation:
    forms = official_forms()
    # Little memory: what a build spills must not show in what it says. Rebuilt with plenty below.
    installation = Installation(tmp_path_factory.mktemp("main-job"), {"MVD_MEMORY_LIMIT": "400MB"})
    for form in ("1-M", "SNG-1"):
        installation.done("ingest", str(forms / form), "--period", "2022-12")
    installation.done("build")
    return installation


@pytest.fixture(scope="module")
def sheets(installation: Installation) -> Mapping[tuple[str, str], Mapping[str, Grid]]:
    """Sheets by form and territory, the territory as `mvd status` names the file's sender."""
    names = {
        (row["form_code"], row["file_name"]): row["territory_kato"]
        for row in installation.sql(
            "select form_code, file_name, territory_kato from marts.rpt_submissions"
        )
    }
    found: dict[tuple[str, str], dict[str, Grid]] = {}
    for (form, file_name), kato in names.items():
        workbook = python_calamine.CalamineWorkbook.from_path(
            str(official_forms() / form / file_name)
        )
        found[form, kato] = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in workbook.sheet_names
        }
    return found


def figure(grid: Grid, line: int, form_column: int) -> float:
    """The figure at a line code and a column number of a sheet as calamine reads it."""
    head = next(row for row in grid if any(str(cell).strip() in {"А", "A"} for cell in row))
    code_column = next(i for i, cell in enumerate(head) if str(cell).strip() in {"Б", "B"})
    column = head.index(float(form_column))
    (row,) = (row for row in grid[grid.index(head) + 1 :] if row[code_column] == float(line))
    value = row[column]
    assert isinstance(value, float)
    return value


def test_all_14_regions_are_accepted_from_their_names_and_titles_alone(
    installation: Installation,
) -> None:
    rows = installation.sql("select form_code, verdict from marts.rpt_submissions")
    forms = [row["form_code"] for row in rows]
    assert (forms.count("1-M"), forms.count("SNG-1")) == (14, 14)
    assert {row["verdict"] for row in rows} <= {"accepted", "accepted_with_warnings"}


def test_every_indicator_of_every_region_equals_the_sheets(
    installation: Installation, sheets: Mapping[tuple[str, str], Mapping[str, Grid]]
) -> None:
    expected: dict[tuple[str, str], float] = defaultdict(float)
    for indicator in load_contracts().indicators.values():
        for source in indicator.sources:
            for (form, kato), grids in sheets.items():
                if source.form == form and source.basis == "ytd":
                    expected[indicator.code, kato] += source.sign * sum(
                        figure(grids[source.section], line, source.column) for line in source.lines
                    )
    published = {
        (row["indicator_code"], row["territory_kato"]): row["value"]
        for row in installation.sql(
            "select indicator_code, territory_kato, value from marts.fct_indicator_values"
            " where basis = 'ytd' and period_month = date '2022-12-01'"
        )
    }
    assert len(expected) > 14 * 100
    differing = {
        key: (value, published.get(key))
        for key, value in expected.items()
        if published.get(key) != pytest.approx(value)
    }
    assert differing == {}


def test_the_republic_says_14_of_20_and_is_not_final(installation: Installation) -> None:
    (total,) = installation.sql(
        "select value, accepted_units, expected_units, status, population_coverage_share as share"
        " from marts.fct_indicator_values where indicator_code = 'CRM_CRIMES' and basis = 'ytd'"
        " and territory_kato = '000000000' and period_month = date '2022-12-01'"
    )
    (parts,) = installation.sql(
        "select sum(value) as value from marts.fct_indicator_values as v"
        " inner join marts.dim_territory as t on v.territory_kato = t.territory_kato"
        " where indicator_code = 'CRM_CRIMES' and basis = 'ytd'"
        " and t.parent_kato = '000000000' and period_month = date '2022-12-01'"
    )
    assert (total["accepted_units"], total["expected_units"]) == (14, 20)
    assert total["status"] == "partial"
    assert 0.5 < total["share"] < 1
    assert total["value"] == parts["value"]


def test_the_clearance_of_a_region_is_computed_from_its_parts(installation: Installation) -> None:
    # Kyzylorda, 12 months of 2022: 1330 ended, 1320 interrupted crimes.
    (rate,) = installation.sql(
        "select numerator, denominator, value from marts.fct_indicator_values"
        " where indicator_code = 'CRM_CLEARANCE' and territory_kato = '430000000'"
        " and basis = 'ytd' and period_month = date '2022-12-01'"
    )
    assert (rate["numerator"], rate["denominator"]) == (1330, 2650)
    assert rate["value"] == pytest.approx(50.1887, abs=1e-4)


def test_the_same_folder_again_changes_nothing_and_says_so(installation: Installation) -> None:
    folder = str(official_forms() / "SNG-1")
    results = installation.json("ingest", folder, "--period", "2022-12", "--json")
    assert len(results) == 14
    assert not any(result["is_new"] for result in results)


def test_a_release_verifies_and_is_rebuilt_to_the_same_content_from_the_ledger_and_the_store_alone(
    installation: Installation, store_server: ObjectStore, tmp_path: Path
) -> None:
    release = installation.json("releases", "--json")[-1]
    installation.done("verify", release["release_id"])
    stored = store_server.environment("main-job")
    Installation(installation.home, stored).done("store", "push")

    fresh = Installation(tmp_path / "fresh", stored | {"MVD_MEMORY_LIMIT": "2GB"})
    fresh.home.mkdir()
    shutil.copyfile(installation.home / "ledger.sqlite", fresh.home / "ledger.sqlite")
    fresh.done("verify", release["release_id"])
    rebuilt = fresh.json("rebuild", release["release_id"], "--json")
    assert rebuilt["is_same"], rebuilt["differences"]
    assert rebuilt["content_hash"] == release["content_hash"]
    assert fresh.json("releases", "--json") == installation.json("releases", "--json")


def test_a_file_of_another_region_is_refused_and_readers_see_nothing_of_it(
    installation: Installation, tmp_path: Path
) -> None:
    before = installation.json("releases", "--json")
    file = official_forms() / "SNG-1" / "Kyzylorda region.XLSX"
    told = installation.run(
        "submit", str(file), "--territory", "230000000", "--period", "2022-12", "--json"
    )
    assert told.returncode == 1
    assert '"verdict": "rejected"' in told.stdout
    assert installation.json("releases", "--json") == before


def test_each_claim_gets_a_verdict_and_its_query(installation: Installation) -> None:
    told = installation.json("claims", "--json")
    assert len(told["claims"]) == len(load_contracts().claims.claims)
    checkable = [row for row in told["claims"] if row["verdict"] != "not_checkable"]
    assert all("marts.fct_indicator_values" in row["query_text"] for row in checkable)
    assert all(row["verdict_reason"] for row in told["claims"] if row["verdict"] == "not_checkable")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("status", "--period", "2022-13"), 2),
        (("sql", "drop table marts.dim_period"), 1),
        (("verify", "r999999"), 1),
        (("nonsense",), 2),
    ],
    ids=["no such month", "a statement that writes", "no such release", "no such command"],
)
def test_exit_codes_tell_refusal_from_wrong_use(
    installation: Installation, arguments: tuple[str, ...], code: int
) -> None:
    assert installation.run(*arguments).returncode == code

"""What Superset's environment has to write down again is what the rest of the project says."""

from pathlib import Path

from dashboards import database
from dashboards.compile.bundle import datasets
from dashboards.names import SPOKEN
from warehouse.core.texts import LANGUAGES
from warehouse.releases import marts

PROJECT = Path(database.__file__).parents[1]


def test_the_file_of_a_release_and_its_languages_are_those_of_the_product() -> None:
    assert database.FILE == marts.DATABASE
    assert SPOKEN == LANGUAGES


def test_coverage_is_ordered_by_the_precedence_of_the_marts() -> None:
    macros = (PROJECT / "dbt_project" / "macros" / "dates.sql").read_text(encoding="utf-8")
    body = macros.partition("{% macro precedence(periods, territories) -%}")[2]
    formula = body.partition("{%- endmacro %}")[0].strip()
    written = formula.replace("{{ periods }}", "periods").replace(
        "{{ territories }}", "territories"
    )
    assert "depth" in written
    assert f"{written} as precedence" in datasets()["coverage"]["sql"]

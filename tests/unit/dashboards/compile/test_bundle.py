"""The dashboards as a bundle: two languages, names of the contracts, all of it drawable."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from dashboards.cells.shows import shown
from dashboards.compile import bundle
from dashboards.compile.assets import ASSETS, AssetError, localised, sql
from dashboards.compile.chart_types import metric
from dashboards.compile.check import chart_query, problems
from dashboards.names import read_text
from tests.tools.charts import answered, create_marts
from tests.tools.models import Models
from warehouse.contracts import load_contracts

pytestmark = pytest.mark.slow

SLUGS = ["situation", "crime", "roads", "drugs", "fraud", "submissions", "claims"]


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return bundle.expand("https://portal.example")


@pytest.fixture(scope="module")
def objects(files: dict[str, str]) -> dict[str, Any]:
    return {path: read_text(text) for path, text in files.items()}


@pytest.fixture(scope="module")
def manifest(run_folder: Path) -> dict[str, Any]:
    return Models.manifest(run_folder)


def test_every_dashboard_can_be_drawn_from_the_published_tables(
    manifest: dict[str, Any], files: dict[str, str]
) -> None:
    assert problems(manifest, files) == []


def test_a_column_that_dbt_does_not_publish_is_found(
    manifest: dict[str, Any], files: dict[str, str]
) -> None:
    path = "charts/situation_table_ru.yaml"
    broken = {**files, path: files[path].replace("ytd_growth_code", "ytd_growth_word")}
    assert any(
        path in problem and "ytd_growth_word" in problem for problem in problems(manifest, broken)
    )


def test_a_chart_without_a_dashboard_a_repeated_uuid_and_a_missing_language_are_found(
    manifest: dict[str, Any], files: dict[str, str]
) -> None:
    broken = {**files, "charts/situation_twin_ru.yaml": files["charts/situation_table_ru.yaml"]}
    found = problems(manifest, broken)
    assert any("2 objects have this uuid" in problem for problem in found)
    assert any("situation_twin_ru" in p and "language" in p for p in found)
    alone = read_text(files["charts/situation_table_ru.yaml"]) | {"uuid": "0" * 8}
    found = problems(manifest, {**files, "charts/alone_ru.yaml": yaml.safe_dump(alone)})
    assert any("alone_ru" in problem and "no dashboard" in problem for problem in found)


def test_the_seven_dashboards_are_there_in_both_languages(objects: dict[str, Any]) -> None:
    slugs = {o["slug"] for path, o in objects.items() if path.startswith("dashboards/")}
    assert slugs == {slug + ending for slug in SLUGS for ending in ("", "-kk")}
    assert [dashboard["slug"] for dashboard in bundle.dashboards()] == SLUGS


def test_identifiers_do_not_depend_on_the_installation(objects: dict[str, Any]) -> None:
    again = {path: read_text(text)["uuid"] for path, text in bundle.expand().items()}
    assert again == {path: content["uuid"] for path, content in objects.items()}


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_every_dashboard_opens_with_period_coverage_and_release(
    objects: dict[str, Any], language: str
) -> None:
    for slug in SLUGS:
        layout = objects[f"dashboards/{slug}_{language}.yaml"]["position"]
        first_row = layout[layout["GRID_ID"]["children"][0]]
        shown = [layout[chart]["meta"]["uuid"] for chart in first_row["children"]]
        assert shown == [objects[f"charts/{slug}_header_{language}.yaml"]["uuid"]]


def test_titles_of_tiles_are_the_names_of_the_contracts(objects: dict[str, Any]) -> None:
    indicators = load_contracts().indicators
    for language in ("ru", "kk"):
        shown = objects[f"charts/situation_tiles_{language}.yaml"]["params"]["metrics"]
        assert shown[0]["label"] == getattr(indicators["CRM_TOTAL"].name, language)


def test_the_two_languages_differ_in_words_alone(objects: dict[str, Any]) -> None:
    for path, russian in objects.items():
        if path.startswith("charts/") and path.endswith("_ru.yaml"):
            kazakh = objects[path.replace("_ru.yaml", "_kk.yaml")]
            assert russian["viz_type"] == kazakh["viz_type"]
            assert russian["dataset_uuid"] == kazakh["dataset_uuid"]
            assert len(russian["params"]["adhoc_filters"]) == len(kazakh["params"]["adhoc_filters"])


def test_territories_are_ranked_by_what_the_contracts_say_they_are_ranked_by() -> None:
    indicators = load_contracts().indicators
    shown = [
        code
        for slug in SLUGS
        for chart in bundle.charts(slug).values()
        if chart.get("dataset") == "ranking"
        for code in chart["indicators"]
    ]
    assert shown
    assert [code for code in shown if not indicators[code].ranked] == []


def test_figures_link_to_the_dictionary_of_the_portal(
    objects: dict[str, Any], files: dict[str, str]
) -> None:
    measures = objects["charts/crime_kinds_kk.yaml"]["params"]["metrics"]
    (passport,) = (measure for measure in measures if measure["label"] == "Паспорт")
    told = shown("CRM_THEFT", passport["shown"])
    assert 'href="https://portal.example/dictionary/indicators/CRM_THEFT"' in told
    assert "{portal}" not in "".join(files.values())


def test_a_text_in_one_language_alone_is_refused() -> None:
    with pytest.raises(AssetError):
        localised({"ru": "только по-русски"}, "kk")


def test_a_word_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AssetError, match="nonsense"):
        sql("{{ nonsense('value') }}", "ru")


@pytest.mark.parametrize("template", ["{{ latest('value' }}", "{{ language.unknown.part }}"])
def test_a_template_that_cannot_be_filled_is_refused(template: str) -> None:
    with pytest.raises(AssetError):
        sql(template, "ru")


def test_a_measure_that_is_shown_as_nothing_known_is_refused() -> None:
    measure = {"title": "Число", "sql": "count(*)", "shown": "nonsense"}
    dataset = {"name": "ours", "metrics": {"number": measure}}
    with pytest.raises(AssetError, match="Число: nothing is shown as nonsense"):
        metric(dataset, "number", "ru")


@pytest.fixture(scope="module")
def figures() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        yield connection


def test_without_filters_a_chart_tells_the_latest_month_of_the_country(
    figures: duckdb.DuckDBPyConnection, objects: dict[str, Any]
) -> None:
    rows = "(1, 202502 * 10 + 9), (2, 202503 * 10 + 9), (3, 202503 * 10 + 8), (null, 202504 * 10)"
    latest = sql("{{ latest('value') }}")
    asked = f"select {latest} from (values {rows}) as t(value, precedence)"  # noqa: S608
    assert figures.sql(f"{asked} where precedence < 2025040").fetchall() == [(2,)]
    assert figures.sql(asked).fetchall() == [(None,)]
    chart = objects["charts/situation_table_ru.yaml"]
    dataset = objects["datasets/mvd/figures.yaml"]
    assert "arg_max_null" in chart_query(chart, dataset)


def test_assets_name_no_address_of_a_machine() -> None:
    for file in ASSETS.rglob("*.yml"):
        assert "http" not in file.read_text(encoding="utf-8")


def test_a_release_without_rows_is_told_in_words(objects: dict[str, Any]) -> None:
    with duckdb.connect(":memory:") as empty:
        create_marts(empty)
        for path in (path for path in objects if path.startswith("charts/")):
            for row in answered(empty, objects, path):
                assert "None" not in str([told for told in row.values() if told]), path

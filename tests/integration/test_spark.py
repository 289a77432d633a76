"""Spark computes what DuckDB computes, mart by mart, and its release serves like any other."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from ingestion.request import Services
from mvd.build import attempts, steps
from mvd.build.pipeline import RebuildOutcome, rebuild_release
from tests.integration.command_line import Installation
from tests.tools.small_lake import expect_only_these, fill
from warehouse.build import planning
from warehouse.build.findings import list_findings
from warehouse.build.planning import Whole
from warehouse.build.transform import PROJECT, Machine, transform
from warehouse.core.settings import Settings
from warehouse.query.reader import query
from warehouse.releases import catalogue, verification

MARTS = sorted(path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql"))
# Only speed: for tables of a few thousand rows compiling costs more than it saves.
SPARK_DEFAULTS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@dataclass(frozen=True)
class Built:
    """A release made by Spark, and the same release made again by DuckDB."""

    settings: Settings
    release_id: str
    again: RebuildOutcome


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, parsed_models: None) -> Built:
    home = tmp_path_factory.mktemp("spark")
    configuration = home / "spark-conf"
    configuration.mkdir()
    (configuration / "spark-defaults.conf").write_text(
        "".join(f"{name} {value}\n" for name, value in SPARK_DEFAULTS.items()), encoding="utf-8"
    )
    # One thread: every shuffle has two parts, and the rows are few.
    settings = Settings(home=home, threads=1, engine="spark")
    services = Services.open(settings)
    fill(services)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPARK_CONF_DIR", str(configuration))
        environment.setenv("JAVA_TOOL_OPTIONS", JAVA_OPTIONS)
        release_id = released(services, settings)
    services.ledger.close()
    return Built(
        settings, release_id, rebuild_release(settings.paths, release_id, Settings(home=home))
    )


def released(services: Services, settings: Settings) -> str:
    home = services.home
    with attempts.alone(home):
        release_id = steps.begin(services)
        expect_only_these(home.builds / release_id / "inputs")
        steps.make_plan(home, release_id, engine=settings.engine)
        build_dir = home.builds / release_id
        # Without the data tests: they run on the same rows when DuckDB makes the release again.
        built = transform(
            build_dir / "inputs",
            home.lake,
            build_dir,
            machine=Machine("spark"),
            with_data_tests=False,
        )
        assert built.is_successful, built.in_words()
        list_findings(built.database, build_dir / "inputs", settings)
        gate = steps.judge(home, release_id, settings)
        assert gate.is_passed, gate.in_words()
        steps.publish(services, release_id, settings)
    return release_id


@pytest.mark.parametrize("mart", MARTS)
def test_both_engines_give_the_same_rows(built: Built, mart: str) -> None:
    manifest = catalogue.read_manifest(built.settings.paths)
    rows = {table.name: table.rows for table in manifest.tables}
    # Outliers need three years of history, and are found beside the engines.
    assert rows[mart] > 0 or mart == "rpt_outliers"
    assert [difference for difference in built.again.differences if difference[0] == mart] == []


def test_every_published_table_was_compared(built: Built) -> None:
    manifest = catalogue.read_manifest(built.settings.paths)
    assert [table.name for table in manifest.tables] == MARTS
    assert built.again.is_same


def test_the_release_says_what_made_it_and_that_the_gate_passed(built: Built) -> None:
    manifest = catalogue.read_manifest(built.settings.paths)
    assert {"dbt-spark", "pyspark"} <= set(manifest.libraries)
    assert manifest.gate["is_passed"]
    assert verification.verify(built.settings.paths, built.release_id, built.settings) == []


def test_questions_are_answered_from_a_release_of_spark(built: Built) -> None:
    answer = query(
        built.settings.paths,
        "select value, status from marts.fct_indicator_values where indicator_code = 'CRM_TOTAL'"
        " and territory_kato = '430000000' and period_month = date '2023-02-01' and basis = 'ytd'",
    )
    (row,) = answer.to_pylist()
    assert row["status"] == "final"
    assert row["value"] > 0


def test_what_one_engine_made_the_other_does_not_build_upon(built: Built) -> None:
    home = built.settings.paths
    inputs = planning.Inputs.read(catalogue.directory(home) / "inputs")
    assert planning.plan(home, inputs, "spark").base == built.release_id
    assert planning.plan(home, inputs, "duckdb").reason is Whole.MODELS_CHANGED


def test_without_java_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = Installation(tmp_path).run("build", "--engine", "spark")
    assert ended.returncode == 1
    assert "openjdk-17-jre-headless" in (ended.stdout + ended.stderr).replace("\n", "")

"""What a build on Spark needs, and how its tables become those of a build."""

from pathlib import Path

import duckdb
import pytest

from warehouse.build import spark
from warehouse.core.errors import UserError
from warehouse.releases.marts import DATABASE

MANIFEST = {
    "nodes": {
        "model.mvd.rpt_places": {
            "resource_type": "model",
            "schema": "marts",
            "name": "rpt_places",
            "columns": {
                "kato": {"name": "kato", "data_type": "string"},
                "place": {"name": "place", "data_type": "integer"},
            },
        },
        "model.mvd.int_places": {
            "resource_type": "model",
            "schema": "intermediate",
            "name": "int_places",
            "columns": {},
        },
    }
}


def written_by_spark(build_dir: Path, *parts: str) -> None:
    folder = build_dir / "spark" / "marts.db" / "rpt_places"
    folder.mkdir(parents=True)
    for number, rows in enumerate(parts):
        duckdb.execute(f"copy ({rows}) to '{folder}/part-{number:05d}.parquet' (format parquet)")


def loaded(build_dir: Path) -> duckdb.DuckDBPyConnection:
    spark.load(build_dir / DATABASE, build_dir, MANIFEST, "1GB")
    return duckdb.connect(build_dir / DATABASE)


def test_a_mart_has_the_columns_and_types_of_its_contract_and_the_order_of_its_parts(
    tmp_path: Path,
) -> None:
    written_by_spark(
        tmp_path,
        "select 2::bigint as place, '43' as kato",
        "select 1::bigint as place, '55' as kato",
    )
    with loaded(tmp_path) as connection:
        described = connection.execute("describe marts.rpt_places").fetchall()
        assert [row[:2] for row in described] == [("kato", "VARCHAR"), ("place", "INTEGER")]
        assert connection.execute("from marts.rpt_places").fetchall() == [("43", 2), ("55", 1)]


def test_a_mart_without_rows_is_there_all_the_same(tmp_path: Path) -> None:
    with loaded(tmp_path) as connection:
        assert connection.execute("select count(*) from marts.rpt_places").fetchone() == (0,)


def test_a_column_that_no_contract_names_stops_the_build(tmp_path: Path) -> None:
    written_by_spark(tmp_path, "select 1 as place, '43' as kato, 7 as surprise")
    with pytest.raises(duckdb.Error, match="surprise"):
        loaded(tmp_path)


def test_on_this_machine_nobody_else_is_listened_to(tmp_path: Path) -> None:
    settings = spark.session(tmp_path, threads=2, memory_limit="2GiB", master="")
    assert settings["spark.master"] == "local[2]"
    assert settings["spark.driver.memory"] == "2048m"
    assert settings["spark.driver.bindAddress"] == "127.0.0.1"
    assert settings["spark.ui.enabled"] == "false"


def test_a_cluster_is_reached_from_an_address_of_its_own_choice(tmp_path: Path) -> None:
    settings = spark.session(tmp_path, threads=2, memory_limit="2GB", master="spark://host:7077")
    assert settings["spark.master"] == "spark://host:7077"
    assert "spark.driver.host" not in settings


def test_without_java_the_message_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError) as refused:
        spark.require()
    assert "openjdk-17-jre-headless" in refused.value.text("ru")


def test_an_older_java_is_no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UserError, match="17"):
        spark.require()

import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.tools.processes import children_watched
from tests.unit.warehouse.builds import build
from warehouse.core.duck import connect_reader
from warehouse.core.errors import UserError
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.ledger import Ledger
from warehouse.query import reader as query_reader
from warehouse.query.asking import Question, asked
from warehouse.releases import catalogue, publication, verification


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("sql"), memory_limit="200MB", threads=2)


@pytest.fixture(scope="module")
def home(settings: Settings) -> Home:
    with Ledger(settings.ledger) as ledger:
        for mark in (1, 2):
            publication.publish(
                settings.paths, ledger, build(settings.paths, ledger, mark), settings
            )
    return settings.paths


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) AS n FROM marts.fct_crimes",
        "FROM marts.fct_crimes",
        "WITH c AS (SELECT * FROM marts.fct_crimes) SELECT * FROM c -- with a remark",
        "SELECT * FROM generate_series(1, 3);",
        "SELECT unnest([1, 2]) AS x",
        "SELECT * FROM information_schema.columns WHERE table_schema = 'marts'",
        "DESCRIBE marts.fct_crimes",
        "SUMMARIZE marts.fct_crimes",
        "SHOW ALL TABLES",
        "VALUES (1)",
        "SELECT mark, row_number() OVER (ORDER BY line) AS n FROM marts.fct_crimes",
        "PIVOT marts.fct_crimes ON mark IN (1, 2) USING count(*) GROUP BY line",
    ],
)
def test_reading_is_allowed(home: Home, query: str) -> None:
    assert query_reader.query(home, query).num_rows > 0


def test_the_current_release_answers_unless_another_is_named(home: Home) -> None:
    question = "SELECT DISTINCT mark FROM marts.fct_crimes"
    assert query_reader.query(home, question).to_pylist() == [{"mark": 2}]
    assert query_reader.query(home, question, release="r000001").to_pylist() == [{"mark": 1}]


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY marts.fct_crimes FROM '{folder}/secret.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM read_blob('{folder}/secret.csv')",
        "SELECT * FROM read_parquet('{folder}/secret.csv')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM query('SELECT * FROM read_text(''{folder}/secret.csv'')')",
        "SELECT * FROM query_table('{folder}/secret.csv')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
        "SELECT * FROM enable_profiling(format := 'json', save_location := '{folder}/out.json')",
        "SELECT (SELECT 1 FROM enable_logging(storage := 'file', storage_path := '{folder}/o'))",
        "WITH c AS (SELECT * FROM ENABLE_LOGGING()) SELECT * FROM c",
        "SELECT * FROM marts.fct_crimes WHERE line IN (SELECT 1 FROM truncate_duckdb_logs())",
        "SELECT write_log('hello')",
        "SELECT getenv('HOME')",
        "ATTACH '{folder}/other.duckdb'",
        "DETACH warehouse",
        "USE memory",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "SET VARIABLE x = 1",
        "RESET memory_limit",
        "PRAGMA database_list",
        "PRAGMA threads = 1",
        "PRAGMA enable_profiling",
        "CALL query('SELECT 1')",
        "CALL enable_logging()",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE marts.fct_crimes",
        "INSERT INTO marts.fct_crimes VALUES (9, 9, 9)",
        "UPDATE marts.fct_crimes SET mark = 9",
        "DELETE FROM marts.fct_crimes",
        "DROP TABLE marts.fct_crimes",
        "TRUNCATE marts.fct_crimes",
        "CREATE TABLE marts.mine AS SELECT 1",
        "CREATE TEMP TABLE mine AS SELECT 1",
        "CREATE MACRO mine() AS 1",
        "CREATE SECRET mine (TYPE s3)",
        "PREPARE mine AS SELECT 1",
        "EXECUTE mine",
        "BEGIN",
        "CHECKPOINT",
        "VACUUM",
        "EXPLAIN ANALYZE SELECT 1",
        "",
        "-- nothing",
    ],
)
def test_anything_but_reading_is_refused_and_touches_nothing(
    home: Home, settings: Settings, tmp_path: Path, query: str
) -> None:
    (tmp_path / "secret.csv").write_text("secret\n42\n")
    before = catalogue.read_manifest(home)
    with pytest.raises(UserError) as raised:
        query_reader.query(home, query.format(folder=tmp_path))
    assert raised.value.code in {"QUERY_REFUSED", "QUERY_FAILED"}
    assert [p.name for p in tmp_path.iterdir()] == ["secret.csv"]
    assert verification.verify(home, before.release_id, settings) == []


def test_variables_of_the_program_are_not_tables(home: Home) -> None:
    import pyarrow as pa

    secret = pa.table({"password": ["42"]})
    assert secret.num_rows == 1
    with pytest.raises(UserError, match="secret"):
        query_reader.query(home, "SELECT * FROM secret")


def test_a_mistake_is_explained(home: Home) -> None:
    with pytest.raises(UserError) as raised:
        query_reader.query(home, "SELECT lime FROM marts.fct_crimes")
    assert raised.value.code == "QUERY_FAILED"
    assert "lime" in raised.value.text("en")
    with pytest.raises(UserError, match="QUERY_FAILED"):
        query_reader.query(home, "SELEC 1")


def test_a_query_is_stopped_when_its_time_is_over(home: Home) -> None:
    start = time.monotonic()
    with pytest.raises(UserError, match="QUERY_TIMEOUT"):
        query_reader.query(
            home,
            "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a, b) = 1",
            timeout=0.5,
        )
    # Without a limit it would run for days; a busy machine may be slow to interrupt it.
    assert time.monotonic() - start < 60


def test_a_query_is_stopped_when_its_memory_is_used_up(home: Home) -> None:
    with pytest.raises(UserError, match="QUERY_TOO_LARGE"):
        query_reader.query(
            home,
            "SELECT list(repeat('x', 100) || range) FROM range(5000000)",
            memory_limit="50MB",
        )


def test_a_query_leaves_no_file_in_the_release(home: Home, settings: Settings) -> None:
    query_reader.query(home, "SELECT range FROM range(300000) ORDER BY hash(range)")
    assert verification.verify(home, "r000002", settings) == []


def test_readers_of_one_release_may_have_different_limits_at_once(home: Home) -> None:
    path = catalogue.database(home)
    with connect_reader(path, memory_limit="100MB", threads=1) as one:
        assert one.execute("SELECT count(*) FROM marts.fct_crimes").fetchone() == (3,)
        assert query_reader.query(home, "FROM marts.fct_crimes", memory_limit="150MB").num_rows == 3


def test_the_connection_itself_is_locked(home: Home, tmp_path: Path) -> None:
    """The second lock, behind the check of the statement."""
    (tmp_path / "secret.csv").write_text("secret")
    with connect_reader(catalogue.database(home), memory_limit="100MB", threads=1) as reader:
        for statement in (
            f"FROM read_text('{tmp_path}/secret.csv')",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            f"ATTACH '{tmp_path}/other.duckdb'",
            "SET enable_external_access = true",
            "SET lock_configuration = false",
            "INSTALL httpfs",
            "LOAD httpfs",
            "CREATE TABLE marts.mine AS SELECT 1",
            "UPDATE marts.fct_crimes SET mark = 9",
        ):
            with pytest.raises(duckdb.Error):
                reader.execute(statement)


HOSTILE = {
    "one long text": "SELECT length(repeat('x', 4000000000))",
    "a text that doubles": (
        "WITH RECURSIVE t(s) AS (SELECT 'xxxxxxxx' UNION ALL "
        "SELECT s || s FROM t WHERE length(s) < 4000000000) SELECT max(length(s)) FROM t"
    ),
    "a padded text": "SELECT length(lpad('x', 2000000000, 'y'))",
    "a width of printf": "SELECT length(printf('%2000000000d', 1))",
    "a list": "SELECT len(range(1000000000))",
    "a resized list": "SELECT len(list_resize([1], 1000000000))",
    "texts put together": (
        "SELECT length(string_agg(repeat('x', 1000), ',')) FROM range(5000) a, range(500) b"
    ),
    "lists of lists": ("SELECT len(list(l)) FROM (SELECT range(10000) AS l FROM range(50000))"),
    "texts replaced": (
        "SELECT length(replace(replace(repeat('x', 100000), 'x', repeat('y', 10000)), 'y', 'zzz'))"
    ),
    "rows without end": "SELECT * FROM range(1000000000000)",
    "work without end": "SELECT count(*) FROM range(9999999) a, range(9999999) b "
    "WHERE hash(a, b) = 1",
    "one call without end": "SELECT count(*) FROM (SELECT list_reduce(range(3000000), "
    "lambda x, y: x + len(range(y % 99999)))  FROM range(1000))",
}


def _rows(home: Home, sql: str, timeout: float) -> list[list[Any]]:
    with asked(Question(home, sql, "table", timeout, "200MB", 2)) as told:
        return told.rows


@pytest.mark.parametrize("name", HOSTILE)
def test_no_question_exceeds_its_memory_and_time(home: Home, name: str) -> None:
    start = time.monotonic()
    with children_watched() as most, pytest.raises(UserError) as raised:
        _rows(home, HOSTILE[name], timeout=3)
    assert raised.value.code in {"QUERY_TOO_LARGE", "QUERY_TIMEOUT"}
    assert time.monotonic() - start < 60
    assert most[0] <= 200_000_000 + 40 * 1024**2


def test_a_question_within_its_bounds_is_answered_as_ever(home: Home) -> None:
    question = "SELECT mark, count(*) AS n FROM marts.fct_crimes GROUP BY mark ORDER BY mark"
    expected = query_reader.query(home, question).to_pylist()
    assert _rows(home, question, timeout=60) == [list(row.values()) for row in expected]
    with pytest.raises(UserError, match="QUERY_REFUSED"):
        _rows(home, "DROP TABLE marts.fct_crimes", timeout=9)


def test_work_that_goes_to_disk_still_fits(home: Home) -> None:
    question = "SELECT count(DISTINCT md5(range::VARCHAR)) AS n FROM range(2000000)"
    assert _rows(home, question, timeout=120) == [[2_000_000]]

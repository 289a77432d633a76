"""Who sees what, and which statements pass: the parts of it that need no Superset."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dashboards.access import AccessRules, NoAccessError, region_of, region_role, rules
from dashboards.data import clock
from dashboards.data.statements import RefusedError, allow_one_select

MODELS = Path(__file__).resolve().parents[3] / "dbt_project" / "models" / "marts"


def published() -> Iterator[tuple[str, set[str]]]:
    """Every published table with its columns."""
    for path in MODELS.rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", ()):
            yield model["name"], {column["name"] for column in model.get("columns", ())}


def test_the_contract_names_every_published_table_and_no_other() -> None:
    assert {name for name, _ in published()} | {"release"} == set(rules().tables)


def test_the_columns_by_which_rows_are_told_apart_exist() -> None:
    for name, columns in published():
        rule = rules().of(name)
        assert not rule.column or rule.column in columns, name


def test_a_table_that_is_not_named_has_no_rows() -> None:
    assert rules().of("fct_of_tomorrow").rows == "none"


def test_the_narrowest_role_wins() -> None:
    assert region_of(["ministry_analyst"]) == ""
    assert region_of(["regional_analyst", region_role("430000000")]) == "430000000"
    assert region_of(["ministry_analyst", region_role("430000000")]) == "430000000"


@pytest.mark.parametrize(
    "held",
    [
        [],
        ["Admin"],
        ["regional_analyst"],
        [region_role("430000000")],
        ["regional_analyst", region_role("430000000"), region_role("390000000")],
    ],
)
def test_who_has_no_clear_role_opens_nothing(held: list[str]) -> None:
    with pytest.raises(NoAccessError):
        region_of(held)


@pytest.mark.parametrize("change", [{"sql": True}, {"administrator": True}])
def test_a_role_of_a_region_gets_neither_sql_nor_administration(change: dict[str, bool]) -> None:
    name = {"ru": "р", "kk": "р", "en": "r"}
    role = {"name": name, "scope": "region", **change}
    with pytest.raises(ValidationError):
        AccessRules.model_validate({"roles": {"r": role}, "tables": {}})


PASSING = [
    "SELECT * FROM marts.fct_crimes",
    "FROM marts.fct_crimes",
    "WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT * FROM b",
    "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 5) FROM n",
    "SELECT DATE_TRUNC('month', period_month) AS m, sum(value) FROM (SELECT * FROM marts.t) AS v"
    " GROUP BY 1 HAVING sum(value) > 0 ORDER BY 2 DESC LIMIT 10",
    "SELECT a.*, b.name FROM marts.a AS a LEFT JOIN marts.b AS b USING (kato)",
    "SELECT unnest(range(3))",
    "SELECT * FROM range(3)",
    "SELECT table_name FROM information_schema.tables",
    "SELECT count(*) FILTER (WHERE x > 1) OVER (PARTITION BY y) FROM marts.t",
    "SELECT * FROM (PIVOT marts.t ON y IN (1, 2) USING sum(x))",
    "(SELECT 1) UNION ALL (SELECT 2)",
]


@pytest.mark.parametrize("sql", PASSING)
def test_a_reading_query_passes_unchanged(sql: str) -> None:
    assert allow_one_select(sql) == sql


@given(st.sampled_from(PASSING), st.sampled_from(["read_text", "glob", "query", "duckdb_secrets"]))
def test_a_table_function_is_refused_wherever_it_stands(sql: str, function: str) -> None:
    call = f"SELECT 1 FROM {function}('x')"  # noqa: S608
    for text in (
        f"WITH hidden AS ({call}) SELECT * FROM ({sql}) AS v, hidden",  # noqa: S608
        f"SELECT * FROM ({sql}) AS v WHERE EXISTS ({call})",  # noqa: S608
        f"SELECT ({call}) FROM ({sql}) AS v",  # noqa: S608
        f"({sql}) UNION ALL ({call})",
    ):
        with pytest.raises(RefusedError):
            allow_one_select(text)


BOUNDED = [
    "SELECT lpad(name, 2, '0') FROM marts.t",
    "SELECT repeat('x', 3)",
    "SELECT format('{:,.0f}', cast(value AS double)) FROM marts.t",
    "SELECT format(CASE WHEN unit IN ('percent') THEN '{:,.1f}' ELSE '{:,.0f}' END, 1)",
    "SELECT bar(value, 0, 100) FROM marts.t",
    "SELECT * FROM range(100000)",
]
UNBOUNDED = [
    "SELECT repeat('x', 4000000000)",
    "SELECT REPEAT('x', 1000 * 1000 * 1000)",
    "SELECT repeat('x', n) FROM range(10) AS r(n)",
    "SELECT lpad('x', 2000000000, 'y')",
    "SELECT rpad('x', (SELECT 2000000000), 'y')",
    "SELECT 'x'.repeat(2000000000)",
    "SELECT len(range(1000000000))",
    "SELECT len(generate_series(1, 1000000000))",
    "SELECT list_resize([1], 1000000000)",
    "SELECT array_resize([1], 1000000000)",
    "SELECT bar(1, 0, 1, 2000000000)",
    "SELECT printf('%2000000000d', 1)",
    "SELECT printf('%*d', 2000000000, 1)",
    "SELECT printf('%' || '2000000000d', 1)",
    "SELECT format('{:2000000000}', 1)",
    "SELECT format('{:{}}', 1, 2000000000)",
    "SELECT format(f, 1) FROM (SELECT '{:2000000000}' AS f)",
]


@pytest.mark.parametrize("sql", BOUNDED)
def test_a_function_of_a_small_size_passes(sql: str) -> None:
    assert allow_one_select(sql) == sql


@pytest.mark.parametrize("sql", UNBOUNDED)
def test_a_function_that_may_take_all_memory_is_refused_wherever_it_stands(sql: str) -> None:
    for text in (
        sql,
        f"WITH t AS ({sql}) SELECT * FROM t",  # noqa: S608
        f"SELECT 1 WHERE EXISTS ({sql})",
        f"SELECT count(*) FROM ({sql}) AS t ORDER BY 1",  # noqa: S608
    ):
        with pytest.raises(RefusedError):
            allow_one_select(text)


_WORKER = """
import duckdb
from dashboards.database import LOCKED
from dashboards.serving.gunicorn import limit_memory
engine = duckdb.connect(config=LOCKED)
engine.execute("SELECT 1").fetchall()
limit_memory(300 * 2**20)
doubling = (
    "WITH RECURSIVE t(s) AS (SELECT 'xxxxxxxx' UNION ALL "
    "SELECT s || s FROM t WHERE length(s) < 1000000000) SELECT max(length(s)) FROM t"
)
try:
    engine.execute(doubling).fetchall()
except duckdb.OutOfMemoryException:
    print(engine.execute("SELECT 'goes on'").fetchone()[0])
"""


def test_a_question_that_takes_too_much_memory_fails_and_the_server_goes_on() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _WORKER], capture_output=True, text=True, check=True, timeout=120
    )
    assert ended.stdout == "goes on\n"


class _Engine:
    """Counts interruptions."""

    def __init__(self) -> None:
        self.interrupted = 0

    def interrupt(self) -> None:
        self.interrupted += 1


def test_a_question_is_interrupted_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(clock, "_AGAIN_SECONDS", 0.01)
    engine = _Engine()
    clock.start(engine, None)
    ends_at = time.monotonic() + 30
    while engine.interrupted < 3 and time.monotonic() < ends_at:
        time.sleep(0.01)
    clock.stop(engine, None)
    time.sleep(0.05)
    seen = engine.interrupted
    time.sleep(0.1)
    assert seen == engine.interrupted >= 3


@given(st.text(max_size=60))
def test_any_text_passes_as_a_query_or_is_refused(text: str) -> None:
    try:
        allow_one_select(text)
    except RefusedError:
        return
    assert "select" in text.lower() or "from" in text.lower() or "values" in text.lower()

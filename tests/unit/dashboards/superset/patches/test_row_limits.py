"""Superset's own rewriting of statements, run by DuckDB: a statement keeps its own limit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[5]
REWRITE = """
import json, sys
import duckdb
from dashboards.superset.patches import row_limits, samples
from superset.sql.parse import SQLScript

row_limits.install()
samples.install()
answers = {}
for sql, most in json.load(sys.stdin):
    script = SQLScript(sql, "duckdb")
    script.statements[-1].set_limit_value(most)
    connection = duckdb.connect()
    connection.execute("create table t as select i from range(1, 238) as r(i)")
    try:
        answers[sql] = [row[0] for row in connection.execute(script.format()).fetchall()]
    except duckdb.Error as error:
        answers[sql] = f"{error}: {script.format()}"
json.dump(answers, sys.stdout)
"""
LIMIT = 101
"""What Superset asks for: one row more than it will show."""
ALL = [*range(1, LIMIT + 1)]

STATEMENTS = {
    "select i from t order by i limit 5": [1, 2, 3, 4, 5],
    "select i from t order by i desc limit 3": [237, 236, 235],
    "select i from t order by i limit 2 offset 3": [4, 5],
    "select i from t order by i offset 235": [236, 237],
    "select i from t limit 0": [],
    "select i from t order by i limit 200": ALL,
    "select i from t order by i": ALL,
    "select i from t order by i limit all": ALL,
    "select i from t order by i limit null": ALL,
    "select i from t order by i desc limit 1 + 1": [237, 236],
    "select i from t order by i limit (select 2)": [1, 2],
    "select i from t order by i limit 1%": [1, 2],
    "select i from t order by i fetch first 2 rows only": [1, 2],
    "select i from t order by i fetch next 2 rows only": [1, 2],
    "select i from t order by i fetch first row only": [1],
    "select i from t order by i offset 1 rows fetch first 2 rows only": [2, 3],
    "from t order by i limit 2": [1, 2],
    "select i from t union all select 0 order by i limit 2": [0, 1],
    "with x as (select i from t order by i limit 3) select i from x order by i": [1, 2, 3],
    "with x as (select i from t order by i limit 3) select i from x order by i limit 1": [1],
    "select i from (select i from t order by i limit 3) as s order by i desc": [3, 2, 1],
    "(select i from t order by i) limit 2": [1, 2],
    "(select i from t order by i limit 2)": [1, 2],
    "select i from t order by i limit 2; -- LIMIT 9": [1, 2],
}
ROWS = {
    "select i from t using sample 3": 3,
    "from t using sample 3": 3,
    "select i from t using sample 200": LIMIT,
    "select i from t using sample 20 rows limit 2": 2,
    "select i from t using sample 20 order by i desc": 20,
    "select i from t where i > 0 using sample reservoir(5 rows) repeatable (1) order by i": 5,
    "select i from t using sample 100 percent (bernoulli) order by i limit 4 offset 1": 4,
    "select i from t group by i qualify row_number() over () < 9 using sample 5": 5,
    "select i from t tablesample reservoir(20 rows)": 20,
    "select i from t tablesample 100%": LIMIT,
    "select i from (select i from t using sample 6 order by i) as s": 6,
    "with s as (from t using sample 6 limit 5) select i from s": 5,
    "select i from t using sample 3 union all select i from t using sample 4": 7,
    "(select i from t using sample 3)": 3,
    "select i from t using sample 10 limit 1 + 1": 2,
}
"""Statements whose answer is of chance: how many rows they ask for."""


@pytest.fixture(scope="module")
def answers() -> dict[str, list[int]]:
    done = subprocess.run(
        [ROOT / "dashboards/.venv/bin/python", "-c", REWRITE],
        input=json.dumps([(sql, LIMIT) for sql in (*STATEMENTS, *ROWS)]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("sql", STATEMENTS)
def test_a_statement_keeps_its_own_limit(answers: dict[str, list[int]], sql: str) -> None:
    assert answers[sql] == STATEMENTS[sql]


@pytest.mark.parametrize("sql", ROWS)
def test_a_sample_is_taken_and_limited(answers: dict[str, list[int]], sql: str) -> None:
    assert isinstance(answers[sql], list), answers[sql]
    assert len(answers[sql]) == ROWS[sql]

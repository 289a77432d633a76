import io
import json
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv, parquet

from warehouse.query.forms import Form, pieces, rows, shaped, unique

VALUES = [
    "NULL",
    "[1, 2]",
    "[1, 2]::INTEGER[2]",
    "{'a': [MAP {1: INTERVAL '1 day'}]}",
    "MAP {'k': NULL}",
    "union_value(a := 'x')",
    "INTERVAL '1 month 2 days'",
    "[INTERVAL '1 day']",
    "TIMESTAMP '290000-01-01'",
    "TIMESTAMPTZ '290000-01-01'",
    "TIMESTAMP_NS '2020-01-01'",
    "TIMESTAMP_S '9999-12-31'",
    "TIMESTAMP '-infinity'",
    "DATE 'infinity'",
    "DATE '-5000-01-01'",
    "TIME '24:00:00'",
    "TIMETZ '12:00:00+15:59'",
    "'nan'::DOUBLE",
    "'-inf'::FLOAT",
    "['nan'::DOUBLE]",
    "170141183460469231731687303715884105727::HUGEINT",
    "'340282366920938463463374607431768211455'::UHUGEINT",
    "1::VARINT",
    "1.50::DECIMAL(38, 2)",
    "'\\xFF\\x00'::BLOB",
    "['\\xFF'::BLOB]",
    "'10101'::BIT",
    "'x'::ENUM ('x')",
    "'{\"a\": 1}'::JSON",
    "'00000000-0000-0000-0000-000000000001'::UUID",
    "chr(27) || chr(0) || '[/foo]'",
    "[]",
    "{'a': NULL}",
]


def written(sql: str, form: Form) -> bytes:
    with duckdb.connect() as connection:
        shape = shaped(connection, sql, form)
        table = shape.relation.to_arrow_reader(1000).read_all()
    return b"".join(pieces(table, shape.nested, form))


def said(sql: str) -> list[list[Any]]:
    with duckdb.connect() as connection:
        return rows(shaped(connection, sql, "table").relation.to_arrow_reader(1000).read_all())


def strict(text: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("value", VALUES)
def test_every_value_has_a_place_in_every_form(value: str) -> None:
    sql = f"SELECT {value} AS a, {value} AS a FROM range(2)"  # noqa: S608 - a value of the list above
    assert len(said(sql)) == 2
    assert [set(row) for row in strict(written(sql, "json"))] == [{"a", "a_2"}] * 2
    assert csv.read_csv(io.BytesIO(written(sql, "csv"))).shape == (2, 2)
    stored = parquet.read_table(io.BytesIO(written(sql, "parquet")))
    assert (stored.column_names, stored.num_rows) == (["a", "a_2"], 2)


@pytest.mark.parametrize(
    ("value", "table", "plain"),
    [
        ("[1, 2]", "[1,2]", [1, 2]),
        ("{'a': 'x'}", '{"a":"x"}', {"a": "x"}),
        ("MAP {1: 2}", '{"1":2}', {"1": 2}),
        ("['nan'::DOUBLE, 1.5]", "[NaN,1.5]", [None, 1.5]),
        ("DATE 'infinity'", "infinity", "infinity"),
        ("DATE '2025-07-01'", "2025-07-01", "2025-07-01"),
        ("DATE '-5000-01-01'", "5001-01-01 (BC)", "5001-01-01 (BC)"),
        ("TIMESTAMP '290000-01-01'", "290000-01-01 00:00:00", "290000-01-01T00:00:00"),
        ("INTERVAL '1 day'", "1 day", "1 day"),
        ("'\\xFF'::BLOB", "\\xFF", "\\xFF"),
        ("'inf'::DOUBLE", float("inf"), None),
        ("'[/foo]'", "[/foo]", "[/foo]"),
    ],
)
def test_a_value_is_told_as_duckdb_casts_it(value: str, table: object, plain: object) -> None:
    assert said(f"SELECT {value} AS x") == [[table]]
    assert strict(written(f"SELECT {value} AS x", "json")) == [{"x": plain}]


def test_parquet_keeps_lists_that_it_can_hold() -> None:
    stored = parquet.read_table(io.BytesIO(written("SELECT [{'a': 1}] AS x", "parquet")))
    assert stored.to_pylist() == [{"x": [{"a": 1}]}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS a -- remark\n; -- remark",
        "FROM range(1, 2)",
        "VALUES (1)",
        "WITH a AS (SELECT 1) SELECT * FROM a LIMIT 1",
        "SELECT answer FROM (SELECT 1 AS answer) AS answer",
    ],
)
def test_every_way_to_write_a_select_is_answered(sql: str) -> None:
    assert said(sql) == [[1]]


def test_the_order_of_the_rows_stays() -> None:
    sql = "SELECT range AS n FROM range(30000) ORDER BY n DESC"
    assert [row["n"] for row in strict(written(sql, "json"))] == list(range(29999, -1, -1))


def test_an_answer_without_rows_is_valid_in_every_form() -> None:
    sql = "SELECT 1 AS x LIMIT 0"
    assert (said(sql), strict(written(sql, "json"))) == ([], [])
    assert written(sql, "csv") == b'"x"\n'
    assert parquet.read_table(io.BytesIO(written(sql, "parquet"))).num_rows == 0


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_an_answer_is_handed_over_in_parts(form: Form) -> None:
    table = pa.Table.from_batches([pa.record_batch({"n": range(30000)})] * 3)
    parts = [part for part in pieces(table, frozenset(), form) if part]
    assert len(parts) >= 4
    assert max(map(len, parts)) < sum(map(len, parts)) / 2


@given(st.lists(st.sampled_from(["a", "A", "a_2", "a_3", "b", ""])))
def test_names_made_unique_differ_and_the_first_of_each_stays(names: list[str]) -> None:
    told = unique(names)
    assert len({name.lower() for name in told}) == len(names)
    firsts = {name.lower(): place for place, name in reversed(list(enumerate(names)))}
    assert all(told[place] == names[place] for place in firsts.values())

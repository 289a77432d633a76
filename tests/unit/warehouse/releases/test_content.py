"""The content hash is what its recipe says, by a reader who shares no code with it."""

import hashlib
import random
from datetime import date, datetime
from typing import Any

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from warehouse.releases.content import content_hash


def hash_in_python(columns: dict[str, str], rows: list[dict[str, Any]]) -> str:
    """The recipe of docs/content-hash.md, without DuckDB."""

    def field(value: Any, kind: str) -> str:
        if value is None:
            return "N"
        if kind == "DOUBLE":
            text = f"{value + 0.0:.11e}"
        elif kind.startswith("TIMESTAMP"):
            text = str(
                int((value - datetime(1970, 1, 1, tzinfo=value.tzinfo)).total_seconds() * 10**6)
            )
        elif kind == "BOOLEAN":
            text = "true" if value else "false"
        else:
            text = str(value)
        return f"V{len(text.encode())}:{text}"

    digest = hashlib.sha256()
    names = sorted(columns)
    for name in names:
        digest.update(f"{name} {columns[name]}\n".encode())
    digests = [
        hashlib.sha256("".join(field(row[n], columns[n]) for n in names).encode()).digest()
        for row in rows
    ]
    digest.update(b"".join(sorted(digests)))
    return digest.hexdigest()


KINDS = {
    "indicator": "VARCHAR",
    "value": "DOUBLE",
    "units": "INTEGER",
    "is_final": "BOOLEAN",
    "period_month": "DATE",
    "received_at": "TIMESTAMP",
    "share": "DECIMAL(9,4)",
}
whole_seconds = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
facts = st.lists(
    st.fixed_dictionaries(
        {
            "indicator": st.none() | st.text("aҚ 7:VN\"'\\\n"),
            "value": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "units": st.none() | st.integers(-(2**31), 2**31 - 1),
            "is_final": st.none() | st.booleans(),
            "period_month": st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)),
            "received_at": st.none() | whole_seconds,
            "share": st.none() | st.decimals(-99999, 99999, places=4),
        }
    ),
    max_size=8,
)


@given(rows=facts, seed=st.randoms(use_true_random=False))
def test_a_third_party_can_compute_the_content_hash(
    rows: list[dict[str, Any]], seed: random.Random
) -> None:
    expected = hash_in_python(KINDS, rows)
    shuffled = seed.sample(rows, len(rows))
    with duckdb.connect() as connection:
        names = seed.sample(sorted(KINDS), len(KINDS))
        connection.execute(f"CREATE TABLE t ({', '.join(f'{n} {KINDS[n]}' for n in names)})")
        if rows:
            places = ", ".join("?" * len(names))
            connection.executemany(
                f"INSERT INTO t VALUES ({places})",  # noqa: S608
                [[row[n] for n in names] for row in shuffled],
            )
        assert content_hash(connection, "t") == expected


def test_the_hash_of_one_known_row_does_not_change() -> None:
    """Written out by hand after docs/content-hash.md."""
    row = hashlib.sha256(b"V1:aV17:1.50000000000e+00").digest()
    expected = hashlib.sha256(b"indicator VARCHAR\nvalue DOUBLE\n" + row).hexdigest()
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1.5::DOUBLE AS value, 'a' AS indicator")
        assert content_hash(connection, "t") == expected


def test_rows_that_repeat_count_and_minus_zero_is_zero() -> None:
    with duckdb.connect() as connection:
        once = content_hash(connection, "(SELECT 0.0::DOUBLE AS x)")
        minus = content_hash(connection, "(SELECT -0.0::DOUBLE AS x)")
        twice = content_hash(connection, "(SELECT 0.0::DOUBLE AS x FROM range(2))")
    assert once == minus != twice

"""Every row of the published tables beside what the oracle says."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from tests.oracle import marts, offences, restatements, total_restatements
from tests.oracle.facts import Facts, Row, month_of


class Difference(NamedTuple):
    """A cell of a published table that is not what the oracle computes."""

    mart: str
    key: tuple[Any, ...]
    column: str
    oracle: Any
    published: Any


Table = Callable[[Facts], dict[tuple[Any, ...], Row]]
TABLES: dict[str, tuple[tuple[str, ...], Table]] = {
    "fct_indicator_values": (
        ("indicator_code", "territory_kato", "period_month", "basis"),
        marts.indicator_values,
    ),
    "rpt_coverage": (("form_code", "territory_kato", "period_month"), marts.coverage_rows),
    "fct_drug_seizures": (
        ("indicator_code", "territory_kato", "period_month", "basis"),
        marts.seizure_rows,
    ),
    "fct_road_safety": (("territory_kato", "period_month", "basis"), marts.road_safety_rows),
    "rpt_restatements": (
        ("indicator_code", "territory_kato", "period_month", "revision_number"),
        restatements.restatement_rows,
    ),
    "rpt_total_restatements": (
        ("indicator_code", "territory_kato", "period_month", "revision_number"),
        total_restatements.total_restatement_rows,
    ),
    "rpt_revision_triangle": (
        ("indicator_code", "territory_kato", "period_month", "revision_number"),
        total_restatements.triangle_rows,
    ),
    "fct_crimes": (
        ("offence_code", "territory_kato", "period_month", "basis"),
        offences.offence_rows,
    ),
}


def differences(facts: Facts, database: Path) -> Iterator[Difference]:
    """Rows that one of the two lacks, and cells in which they differ."""
    with duckdb.connect(database, read_only=True) as connection:
        for mart, (key, table) in TABLES.items():
            answer = connection.execute(f"from marts.{mart}")
            names = [column[0] for column in answer.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
            published = {tuple(_key(row[name]) for name in key): row for row in rows}
            yield from _compare(mart, table(facts), published)


def _compare(
    mart: str, told: dict[tuple[Any, ...], Row], published: dict[tuple[Any, ...], Row]
) -> Iterator[Difference]:
    for key in sorted(told.keys() ^ published.keys(), key=str):
        yield Difference(mart, key, "(row)", key in told, key in published)
    for key in sorted(told.keys() & published.keys(), key=str):
        for column, value in told[key].items():
            if not _is_same(value, published[key][column]):
                yield Difference(mart, key, column, value, published[key][column])


def _key(value: Any) -> Any:
    return month_of(value) if isinstance(value, date) else value


def _is_same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, int | float | Decimal) and isinstance(theirs, int | float | Decimal):
        return abs(float(ours) - float(theirs)) <= 1e-9 * max(1.0, abs(float(ours)))
    return bool(ours == theirs)

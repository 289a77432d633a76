"""What the oracle knows: the contracts and the ledger as tables, and the raw cells of the lake."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

REPUBLIC = "000000000"
Row = dict[str, Any]
Month = int
"""Months since year 0, so that the month before is one less."""


def month_of(day: date) -> Month:
    """The month of a day."""
    return day.year * 12 + day.month - 1


def first_day(month: Month) -> date:
    """The first day of a month."""
    return date(month // 12, month % 12 + 1, 1)


def january(month: Month) -> Month:
    """The January of the same year."""
    return month - month % 12


@dataclass(eq=False)
class Facts:
    """Raw facts by their keys. `memo` remembers what the rules computed from them."""

    territories: dict[str, Row]
    people: dict[tuple[str, Month], Row]
    indicators: dict[str, Row]
    sources: dict[tuple[str, str], list[Row]]
    formulas: dict[str, list[Row]]
    duties: dict[tuple[str, Month], dict[str, Row]]
    thresholds: dict[str, Row]
    suspicion: Row
    breaks: dict[str, list[Row]]
    measures: list[Row]
    sent: dict[tuple[str, str, Month], list[Row]]
    findings: dict[str, list[Row]]
    cells: dict[str, dict[str, dict[tuple[str, int, int], Decimal | None]]]
    tellers: dict[tuple[str, str, Month], list[Row]]
    memo: dict[Any, Any] = field(default_factory=dict)


_P = ParamSpec("_P")
_R = TypeVar("_R")


def remembered(
    rule: Callable[Concatenate[Facts, _P], _R],
) -> Callable[Concatenate[Facts, _P], _R]:
    """Compute a rule once for each key of these facts."""

    @wraps(rule)
    def once(facts: Facts, /, *key: _P.args, **named: _P.kwargs) -> _R:
        place = (rule, key)
        if place not in facts.memo:
            facts.memo[place] = rule(facts, *key, **named)
        found: _R = facts.memo[place]
        return found

    return once


def by(rows: Iterable[Row], *columns: str) -> dict[Any, list[Row]]:
    """Rows in their order, by one column or a tuple of several."""
    grouped: dict[Any, list[Row]] = {}
    for row in rows:
        key = tuple(row[column] for column in columns)
        grouped.setdefault(key if len(key) > 1 else key[0], []).append(row)
    return grouped


def read_facts(inputs: Path, lake: Path) -> Facts:
    """The tables in `inputs` and the cells in `lake` that indicators or measures need."""
    tables = {file.stem: pq.read_table(file).to_pylist() for file in inputs.glob("*.parquet")}
    for rows in tables.values():
        for row in rows:
            if row.get("period_month"):
                row["month"] = month_of(row["period_month"])
    submissions = sorted(tables["submissions"], key=lambda row: row["sequence"])
    wanted = [*tables["indicator_sources"], *tables["offence_measures"]]
    places = {(row["section"], row["line"], row["column_number"]) for row in wanted}
    files = by(tables["cell_files"], "submission_id")
    cells = {
        row["submission_id"]: _cells(lake / files[row["submission_id"]][0]["path"], places)
        for row in submissions
        if row["is_counted"]
    }
    duties: dict[tuple[str, Month], dict[str, Row]] = {}
    for row in tables["expected_submitters"]:
        of_month = duties.setdefault((row["form_code"], row["month"]), {})
        of_month[row["territory_kato"]] = row
    measures = {offence_code(row): row for row in tables["offence_measures"]}
    sources = [
        row | {"indicator_code": offence_code(row), "sign": 1} for row in tables["offence_measures"]
    ]
    return Facts(
        territories={row["territory_kato"]: row for row in tables["territories"]},
        people={(row["territory_kato"], row["month"]): row for row in tables["population"]},
        indicators={row["indicator_code"]: row for row in tables["indicators"]}
        | {code: _MEASURE | {"form_code": row["form_code"]} for code, row in measures.items()},
        sources=by([*tables["indicator_sources"], *sources], "indicator_code", "basis"),
        formulas=by(tables["indicator_formulas"], "indicator_code"),
        duties=duties,
        thresholds={row["form_code"]: row for row in tables["coverage_rules"]},
        suspicion=tables["restatement_rules"][0],
        breaks=by(tables["series_breaks"], "indicator_code"),
        measures=tables["offence_measures"],
        sent=by(submissions, "form_code", "territory_kato", "month"),
        findings=by(tables["findings"], "submission_id"),
        cells=cells,
        tellers=_tellers(submissions, cells),
    )


_MEASURE = {
    "measure_type": "offence",
    "territory_aggregation": "sum",
    "unit": "count",
    "formula_scale": None,
}


def offence_code(row: Row) -> str:
    """A measure of an offence as if it were an indicator."""
    return f"{row['measure']} of {row['offence_code']}"


def _cells(
    file: Path, places: set[tuple[str, int, int]]
) -> dict[str, dict[tuple[str, int, int], Decimal | None]]:
    """The cells of one submission by the unit that they are about."""
    told: dict[str, dict[tuple[str, int, int], Decimal | None]] = {}
    table = pq.ParquetFile(file).read()
    for name, wanted in zip(("section", "line", "graph"), zip(*places, strict=True), strict=True):
        kind = pa.string() if name == "section" else pa.int16()
        table = table.filter(pc.is_in(table[name].cast(kind), pa.array(set(wanted), kind)))
    for row in table.to_pylist():
        place = (row["section"], row["line"], row["graph"])
        if place in places:
            value = row["value"]
            exact = None if value is None else Decimal(str(value)).quantize(Decimal("0.0001"))
            told.setdefault(row["territory_kato"], {})[place] = exact
    return told


def _tellers(
    submissions: list[Row], cells: dict[str, dict[str, dict[tuple[str, int, int], Decimal | None]]]
) -> dict[tuple[str, str, Month], list[Row]]:
    """Counted submissions that tell of a form, unit and month, the one in force last.

    A table tells of each of its rows. In force is the counted submission received last.
    """
    tellers: dict[tuple[str, str, Month], list[Row]] = {}
    for row in submissions:
        if row["is_counted"]:
            for unit in cells[row["submission_id"]] or [row["territory_kato"]]:
                key = (row["form_code"], unit, row["month"])
                tellers.setdefault(key, []).append(row)
    return tellers

"""The gate before release: Great Expectations judges frames fetched from the marts of a build."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.release_checks import Check, checks
from expectations.statistics_checks import statistics_checks
from expectations.validation import one_at_a_time, validate
from warehouse.core.memory import ENGINE_OF_GATE, share
from warehouse.core.texts import LANGUAGES, load_texts

if TYPE_CHECKING:
    import pandas as pd

RESULT_NAME = "gate.json"
ROWS_AT_ONCE = 500_000
"""Rows in one frame; a year of every district has millions for a check."""
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class GateFailure:
    """A check that does not hold: how many rows, some of them by key, and the text to show."""

    code: str
    count: int
    examples: tuple[str, ...]
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate found. `rows` counts, by check, the rows that were judged."""

    rows: Mapping[str, int]
    failures: tuple[GateFailure, ...]
    judged_at: str

    @property
    def is_passed(self) -> bool:
        return not self.failures

    def in_words(self, language: str = "ru") -> list[str]:
        """One sentence per failed check; empty when the gate is passed."""
        return [failure.text[language] for failure in self.failures]

    def as_json(self) -> dict[str, Any]:
        """The result as it is kept in the build directory and in the manifest of the release."""
        return {"is_passed": self.is_passed, **asdict(self)}


def judge(
    database: Path,
    inputs: Path,
    lake: Path,
    *,
    years: Sequence[int] | None = None,
    memory_limit: str = "2GB",
) -> GateResult:
    """Judge the marts in `database`, built from `inputs` and the cell files in `lake`.

    Year by year, so that memory does not grow with history; only `years` where they are given:
    the others were judged when they were computed. Writes the result to gate.json beside the
    database. Great Expectations is imported here, once per build. Raises RuntimeError when a check
    cannot run: an unjudged build is not a good one.
    """
    rows: dict[str, int] = {}
    failing: dict[str, list[pd.DataFrame]] = {}
    with _opened(database, inputs, memory_limit) as connection:
        judged: Sequence[int | None] = years if years is not None else _years(connection)
        found = (*checks(_measures(connection)), *statistics_checks())
        for year in judged:
            _restrict(connection, inputs, lake, year)
            for check in found:
                for frame in _frames(connection, check):
                    rows[check.code] = rows.get(check.code, 0) + len(frame)
                    if (broken := _broken(check, frame)) is not None:
                        failing.setdefault(check.code, []).append(broken)
    failures = tuple(
        _failure(check, failing[check.code]) for check in found if check.code in failing
    )
    judged_at = datetime.now(UTC).isoformat(timespec="seconds")
    result = GateResult(rows, failures, judged_at)
    text = json.dumps(result.as_json(), ensure_ascii=False, indent=1)
    database.with_name(RESULT_NAME).write_text(text, encoding="utf-8")
    return result


@contextmanager
def _opened(database: Path, inputs: Path, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build as `build` and the input tables as `given.<name>`, within the memory limit."""
    spill = database.with_name(f"spill-gate-{os.getpid()}")
    engine = share(memory_limit, ENGINE_OF_GATE)
    config: dict[str, Any] = {"memory_limit": engine, "temp_directory": str(spill)}
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"attach {_literal(database)} as build (read_only)")
        connection.execute("create schema marts")
        connection.execute("create schema given")
        for path in sorted(inputs.glob("*.parquet")):
            connection.execute(
                f"create view given.{path.stem} as from read_parquet({_literal(path)})"
            )
        yield connection
    shutil.rmtree(spill, ignore_errors=True)


def _years(connection: duckdb.DuckDBPyConnection) -> list[int | None]:
    """Every year; without a single submission the checks still have to be asked, once."""
    found = connection.execute("select distinct year(period_month) from given.periods order by 1")
    return [year for (year,) in found.fetchall()] or [None]


def _restrict(
    connection: duckdb.DuckDBPyConnection, inputs: Path, lake: Path, year: int | None
) -> None:
    """Let marts, inputs and cells be those of one year; of all years for None."""
    connection.execute("drop table if exists cells")
    for source, target in (("build.marts", "marts."), ("given", "")):
        for name, has_period in _relations(connection, source):
            where = f" where year(period_month) = {year}" if has_period and year else ""
            connection.execute(
                f"create or replace view {target}{name} as from {source}.{name}{where}"
            )
    connection.execute(
        "create or replace view findings as"
        " from given.findings semi join submissions using (submission_id)"
    )
    listed = connection.execute(
        "select distinct path from cell_files semi join submissions using (submission_id)"
        " order by path"
    ).fetchall()
    files = [str(lake / path) for (path,) in listed] or [str(inputs / "no_cells.parquet")]
    # Once into memory: a year of the lake has a hundred times as many cells as are needed.
    connection.execute(
        """
        create table cells as
        select c.submission_id::varchar as submission_id,
            c.territory_kato::varchar as territory_kato,
            c.section::varchar as section, c.line, c.graph as column_number, c.value
        from read_parquet($files) as c
        semi join submissions as s on s.submission_id = c.submission_id
        semi join (
            select section, line, column_number from indicator_sources
            union select section, line, column_number from offence_measures
        ) as o on o.section = c.section and o.line = c.line and o.column_number = c.graph
        """,
        {"files": files},
    )


def _relations(connection: duckdb.DuckDBPyConnection, source: str) -> list[tuple[str, bool]]:
    """Tables or views of a schema, and whether they have a period."""
    catalog, _, schema = source.rpartition(".")
    return connection.execute(
        "select table_name, bool_or(column_name = 'period_month') from duckdb_columns()"
        " where database_name = $catalog and schema_name = $schema group by all order by all",
        {"catalog": catalog or "memory", "schema": schema},
    ).fetchall()


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _measures(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    found = connection.execute(
        "select distinct measure from given.offence_measures where basis = 'ytd' order by 1"
    )
    return tuple(name for (name,) in found.fetchall())


def _frames(connection: duckdb.DuckDBPyConnection, check: Check) -> Iterator[pd.DataFrame]:
    """The rows of a check, as many at once as fit into memory; those of one key together."""
    connection.execute(f"create or replace temp table judged as {check.query}")
    (count,) = connection.execute("select count(*) from judged").fetchone() or (0,)
    parts = max(1, math.ceil(count / ROWS_AT_ONCE))
    key = ", ".join(check.key)
    for part in range(parts):
        yield connection.execute(
            f"select * from judged where hash({key}) % {parts} = {part} order by {key}"  # noqa: S608
        ).df()


def _broken(check: Check, frame: pd.DataFrame) -> pd.DataFrame | None:
    """The keys of the rows for which the check does not hold; None when it holds."""
    if frame.empty:
        return None
    from expectations.library import gxe

    with one_at_a_time:
        outcome = validate("marts", frame, getattr(gxe, check.expectation)(**check.options))
    if outcome.exception_info.get("raised_exception"):
        raise RuntimeError(f"{check.code} could not run: {outcome.exception_info}")
    if outcome.success:
        return None
    unexpected = outcome.result.get("unexpected_index_list") or ()
    return frame.loc[list(unexpected), list(check.key)]


def _failure(check: Check, broken: Sequence[pd.DataFrame]) -> GateFailure:
    count = sum(map(len, broken))
    rows = chain.from_iterable(frame.head(_EXAMPLES).to_numpy() for frame in broken)
    examples = tuple(" / ".join(map(_shown, row)) for row in islice(rows, _EXAMPLES))
    told = {"count": count, "examples": "; ".join(examples), "table": check.table}
    book, key = load_texts("release_gate"), check.text or check.code
    text: dict[str, str] = {language: book.text(key, language, **told) for language in LANGUAGES}
    return GateFailure(check.code, count, examples, text)


def _shown(value: object) -> str:
    text = str(value)
    return text.removesuffix(" 00:00:00")

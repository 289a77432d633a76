"""The gate before release: Great Expectations judges frames fetched from the marts of a build."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.release_checks import Check, checks
from expectations.statistics_checks import statistics_checks

if TYPE_CHECKING:
    import pandas as pd

RESULT_NAME = "gate.json"
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


def judge(database: Path, inputs: Path, lake: Path) -> GateResult:
    """Judge the marts in `database`, built from `inputs` and the cell files in `lake`.

    Writes the result to gate.json beside the database. Great Expectations is imported here, once
    per build. Raises RuntimeError when a check cannot run: an unjudged build is not a good one.
    """
    rows: dict[str, int] = {}
    failures: list[GateFailure] = []
    with _opened(database, inputs, lake) as connection:
        for check in (*checks(_measures(connection)), *statistics_checks()):
            frame = connection.execute(check.query).df()
            rows[check.code] = len(frame)
            if failure := _judge_frame(check, frame):
                failures.append(failure)
    judged_at = datetime.now(UTC).isoformat(timespec="seconds")
    result = GateResult(rows, tuple(failures), judged_at)
    text = json.dumps(result.as_json(), ensure_ascii=False, indent=1)
    database.with_name(RESULT_NAME).write_text(text, encoding="utf-8")
    return result


@contextmanager
def _opened(database: Path, inputs: Path, lake: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts as schema `marts`, every input table and the cells in force as views."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"attach {_literal(database)} as build (read_only)")
        connection.execute("create schema marts")
        for (name,) in connection.execute(
            "select table_name from duckdb_tables()"
            " where database_name = 'build' and schema_name = 'marts'"
        ).fetchall():
            connection.execute(f"create view marts.{name} as from build.marts.{name}")
        for path in sorted(inputs.glob("*.parquet")):
            connection.execute(f"create view {path.stem} as from read_parquet({_literal(path)})")
        listed = connection.execute("select path from cell_files order by path").fetchall()
        files = [lake / path for (path,) in listed] or [inputs / "no_cells.parquet"]
        literals = ", ".join(_literal(file) for file in files)
        connection.execute(f"create view cells as from read_parquet([{literals}])")
        yield connection


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _measures(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    found = connection.execute(
        "select distinct measure from offence_measures where basis = 'ytd' order by 1"
    )
    return tuple(name for (name,) in found.fetchall())


def _judge_frame(check: Check, frame: pd.DataFrame) -> GateFailure | None:
    if frame.empty:
        return None
    outcome = _validate(check, frame)
    if outcome.exception_info.get("raised_exception"):
        raise RuntimeError(f"{check.code} could not run: {outcome.exception_info}")
    if outcome.success:
        return None
    unexpected = outcome.result.get("unexpected_index_list") or ()
    named = frame.loc[list(unexpected), list(check.key)]
    examples = tuple(" / ".join(map(_shown, row)) for row in named.head(_EXAMPLES).to_numpy())
    told = {"count": len(named), "examples": "; ".join(examples)}
    text = {language: words.format(**told) for language, words in check.text.items()}
    return GateFailure(check.code, len(named), examples, text)


def _shown(value: object) -> str:
    text = str(value)
    return text.removesuffix(" 00:00:00")


def _validate(check: Check, frame: pd.DataFrame) -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    import great_expectations.expectations as gxe

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas(check.code).add_dataframe_asset(check.code)
    batch = asset.add_batch_definition_whole_dataframe(check.code).get_batch(
        batch_parameters={"dataframe": frame}
    )
    expectation = getattr(gxe, check.expectation)(**check.options)
    return batch.validate(
        expectation,
        result_format={"result_format": "COMPLETE", "return_unexpected_index_query": False},
    )

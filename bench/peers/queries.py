"""Eighteen questions to the same facts: our release in DuckDB, and PostgreSQL with indexes."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import psutil
import psycopg

from bench.peers.data import INDEXES, LAST, postgres, publish
from bench.peers.questions import Choice, Question, questions
from warehouse.core.duck import connect_reader
from warehouse.core.paths import Home
from warehouse.query.reader import query
from warehouse.releases import catalogue

Result = dict[str, Any]
Rows = list[tuple[object, ...]]

_READERS = 5
_DIGITS = 9


@dataclass(frozen=True)
class _Engines:
    """Who answers; each takes SQL and gives rows."""

    home: Home
    duck: duckdb.DuckDBPyConnection
    post: psycopg.Connection[Any]
    database: Path
    uri: str

    def warm(self) -> dict[str, Callable[[str], Rows]]:
        """On connections that stay open, and by `warehouse.query.reader`, one per question."""
        return {
            "duckdb": lambda sql: self.duck.execute(sql).fetchall(),
            "postgres": lambda sql: self.post.execute(sql).fetchall(),
            "mvd_sql": lambda sql: _tuples(query(self.home, sql)),
        }

    def cold(self) -> dict[str, Callable[[str], Rows]]:
        """On a connection of its own for every question."""
        return {"duckdb": self._new_duck, "postgres": self._new_post}

    def _new_duck(self, sql: str) -> Rows:
        with connect_reader(self.database, memory_limit="2GB", threads=2) as connection:
            return connection.execute(sql).fetchall()

    def _new_post(self, sql: str) -> Rows:
        with psycopg.connect(self.uri) as connection:
            return connection.execute(sql).fetchall()


def measure(home: str, quick: bool) -> Result:
    """Seconds per question and engine, warm and cold, and whether the answers agree."""
    root = Path(home)
    months = 24 if quick else 120
    ours = publish(root, months=months)
    database = catalogue.database(ours)
    asked = list(questions())
    with (
        postgres(root, database) as (uri, server),
        psycopg.connect(uri, autocommit=True) as post,
        connect_reader(database, memory_limit="2GB", threads=2) as duck,
    ):
        post.execute("set work_mem = '64MB'")
        engines = _Engines(ours, duck, post, database, uri)
        choices = _choices(duck)
        found = [_one(question, engines, choices) for question in asked]
        used = _processors(asked, engines, choices, server)
        sizes = duck.execute("select count(*) from marts.fct_indicator_values").fetchone()
        version = post.execute("show server_version").fetchone()
    return {
        "months": months,
        "rows": sizes[0] if sizes else 0,
        "postgres": version[0] if version else "",
        "indexes": list(INDEXES),
        "readers": _READERS,
        "questions": found,
        "all": _together(found),
        "processor_seconds_each": used,
    }


def _choices(duck: duckdb.DuckDBPyConnection) -> list[Choice]:
    """Readers with different indicators, regions, months and offences."""
    codes = _column(duck, "select distinct indicator_code from marts.fct_indicator_values")
    regions = _column(duck, "select territory_kato from marts.dim_territory where depth = 1")
    offences = _column(duck, "select distinct offence_code from marts.fct_crimes")
    return [
        Choice(
            indicators=tuple(codes[(5 * n + i) % len(codes)] for i in range(7)),
            region=regions[3 * n % len(regions)],
            month=date(LAST.year, LAST.month - n % 2, 1),
            offences=tuple(offences[(7 * n + i) % len(offences)] for i in range(5)),
        )
        for n in range(_READERS)
    ]


def _column(duck: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return [value for (value,) in duck.execute(f"{sql} order by 1").fetchall()]


def _one(question: Question, engines: _Engines, choices: list[Choice]) -> Result:
    """Engines take turns, so that what else the machine does meets all of them."""
    cold: dict[str, list[float]] = {name: [] for name in engines.cold()}
    warm: dict[str, list[float]] = {name: [] for name in engines.warm()}
    rows, is_equal = 0, True
    for choice in choices:
        sql = choice.ask(question)
        answers: dict[str, Rows] = {}
        for name, answer in engines.cold().items():
            cold[name].append(_seconds(answer, sql, answers, name))
        for _ in range(3):
            for name, answer in engines.warm().items():
                warm[name].append(_seconds(answer, sql, answers, name))
        first, *others = (_comparable(found) for found in answers.values())
        is_equal = is_equal and all(other == first for other in others)
        rows = max(rows, len(first))
    return {
        "name": question.name,
        "sentence": question.sentence,
        "rows": rows,
        "is_equal": is_equal,
        "cold": cold,
        "warm": warm,
    }


def _processors(
    asked: list[Question], engines: _Engines, choices: list[Choice], server: int
) -> dict[str, float]:
    """Processor seconds for a question, on the average, of the engine and of its client."""
    own = psutil.Process()
    statements = [choice.ask(question) for question in asked for choice in choices]
    used = {}
    for name, answer in engines.warm().items():
        before = _cpu(own) + (_tree_cpu(server) if name == "postgres" else 0)
        for sql in statements:
            answer(sql)
        after = _cpu(own) + (_tree_cpu(server) if name == "postgres" else 0)
        used[name] = (after - before) / len(statements)
    return used


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _tree_cpu(pid: int) -> float:
    """Of the server, its living processes and the workers that ended."""
    server = psutil.Process(pid)
    times = server.cpu_times()
    ended = times.children_user + times.children_system
    return _cpu(server) + float(ended) + sum(map(_cpu, server.children(recursive=True)))


def _seconds(answer: Callable[[str], Rows], sql: str, answers: dict[str, Rows], name: str) -> float:
    started = time.perf_counter()
    answers[name] = answer(sql)
    return time.perf_counter() - started


def _tuples(table: Any) -> Rows:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _comparable(rows: Rows) -> list[tuple[str, ...]]:
    """Rows in one order, numbers to nine digits whatever their type."""
    return sorted(tuple(map(_said, row)) for row in rows)


def _said(value: Any) -> str:
    try:
        return f"{float(value):.{_DIGITS}g}"
    except (TypeError, ValueError):
        return str(value)


def _together(found: list[Result]) -> Result:
    """Median and 95th percentile over all questions, by engine."""
    return {
        state: {
            name: _percentiles([second for one in found for second in one[state][name]])
            for name in found[0][state]
        }
        for state in ("cold", "warm")
    }


def _percentiles(seconds: list[float]) -> dict[str, float]:
    return {
        "p50": statistics.median(seconds),
        "p95": statistics.quantiles(seconds, n=100)[94],
    }

"""`mvd sql`: one reading query against a release."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mvd.console import print_json, print_table
from mvd.context import Context

if TYPE_CHECKING:
    import pyarrow as pa

Format = Literal["table", "csv", "json", "parquet"]


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="Запрос SELECT; таблицы — в схеме marts.")],
    release: Annotated[
        str | None, typer.Option(help="Номер выпуска; без него — действующий.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="Вид ответа.")] = "table",
) -> None:
    """Запрос на чтение к выпуску: только SELECT, без доступа к файлам, с пределом времени."""
    from warehouse.sql import query as answer

    here: Context = context.obj
    settings = here.settings
    table = answer(
        here.home,
        query,
        release=release,
        timeout=settings.sql_timeout_seconds,
        memory_limit=settings.memory_limit,
        threads=settings.threads,
    )
    _WRITERS[output](table)


def _table(table: pa.Table) -> None:
    print_table("", table.column_names, [list(row.values()) for row in table.to_pylist()])


def _csv(table: pa.Table) -> None:
    from pyarrow import csv

    csv.write_csv(table, sys.stdout.buffer)


def _json(table: pa.Table) -> None:
    print_json(table.to_pylist())


def _parquet(table: pa.Table) -> None:
    from pyarrow import parquet

    parquet.write_table(table, sys.stdout.buffer, compression="zstd")


_WRITERS = {"table": _table, "csv": _csv, "json": _json, "parquet": _parquet}

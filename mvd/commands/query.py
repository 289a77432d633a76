"""`mvd sql`: one reading query against a release."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mvd.console import print_json, print_table
from mvd.context import Context
from warehouse.core.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

Format = Literal["table", "csv", "json", "parquet"]


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="Запрос SELECT; таблицы — в схеме marts.")],
    release: Annotated[
        str | None, typer.Option(help="Номер выпуска; без него — действующий.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Что было опубликовано к концу этого дня, ГГГГ-ММ-ДД."
        ),
    ] = None,
    known_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Что было известно к концу этого дня, ГГГГ-ММ-ДД."),
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="Вид ответа.")] = "table",
) -> None:
    """Запрос на чтение к выпуску: только SELECT, без доступа к файлам, с пределом времени."""
    from warehouse.core.bounded import limit_memory
    from warehouse.core.memory import in_bytes
    from warehouse.query.reader import ask as answer

    here: Context = context.obj
    settings = here.settings
    if sum(choice is not None for choice in (release, as_of, known_on)) > 1:
        raise UserError("QUERY_OF_TWO_STATES")
    table = answer(
        here.home,
        query,
        release=_published(here, as_of) if as_of else release,
        database=_known(here, known_on) if known_on else None,
        timeout=settings.sql_timeout_seconds,
        memory_limit=settings.memory_limit,
        threads=settings.threads,
    )
    if _is_demonstration(here, release, as_of, known_on):
        here.say_demonstration()
    # The process that answered has half of it at least.
    limit_memory(in_bytes(settings.memory_limit) // 2)
    try:
        _WRITERS[output](table)
    except MemoryError:
        raise UserError("QUERY_TOO_LARGE", limit=settings.memory_limit) from None


def _is_demonstration(
    context: Context, release: str | None, as_of: datetime | None, known_on: datetime | None
) -> bool:
    if known_on is None:
        asked = _published(context, as_of) if as_of else release
        return context.published_demonstration(asked)
    with context.services() as services:
        return services.ledger.snapshot(_end(known_on)).is_demonstration


def _published(context: Context, day: datetime) -> str:
    from warehouse.query.as_of import published_by

    return published_by(context.home, _end(day))


def _known(context: Context, day: datetime) -> Path:
    from mvd.build.as_of_build import known_on

    with context.services() as services:
        return known_on(services, context.settings, _end(day))


def _end(day: datetime) -> datetime:
    """The end of a day in Kazakhstan."""
    from warehouse.contracts import load_contracts
    from warehouse.query.as_of import end_of_day

    return end_of_day(day.date(), load_contracts().calendar.timezone_hours)


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

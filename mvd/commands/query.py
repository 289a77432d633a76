"""`mvd sql`: one reading query against a release."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mvd.console import errors, print_table
from mvd.context import Context
from warehouse.core.errors import UserError

if TYPE_CHECKING:
    from warehouse.query.asking import Told

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
    from warehouse.query.asking import Question, asked

    here: Context = context.obj
    settings = here.settings
    if sum(choice is not None for choice in (release, as_of, known_on)) > 1:
        raise UserError("QUERY_OF_TWO_STATES")
    question = Question(
        here.home,
        query,
        output,
        settings.sql_timeout_seconds,
        settings.memory_limit,
        settings.threads,
        release=release,
        published_by=_end(as_of) if as_of else None,
        database=_known(here, known_on) if known_on else None,
    )
    with asked(question) as told:
        if told.is_demonstration or (known_on and _knew_demonstration(here, known_on)):
            here.say_demonstration()
        _show(here, told, output)


def _show(context: Context, told: Told, output: Format) -> None:
    """Print the answer. UserError for whatever prevents that, but for a reader who went away."""
    from warehouse.core.bounded import limit_memory
    from warehouse.core.memory import in_bytes

    limit = context.settings.memory_limit
    # The process that answered has the greater part of it.
    limit_memory(in_bytes(limit) // 2)
    try:
        if output == "table":
            _show_table(context, told)
        for piece in told.pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.flush()
    except MemoryError:
        raise UserError("QUERY_TOO_LARGE", limit=limit) from None
    except (UserError, BrokenPipeError):
        raise
    except Exception as error:
        raise UserError("QUERY_UNANSWERED", problem=f"{type(error).__name__}: {error}") from error


def _show_table(context: Context, told: Told) -> None:
    print_table("", told.columns, told.rows)
    if told.total > len(told.rows):
        errors.print(context.say("rows_shown", shown=len(told.rows), total=told.total))


def _knew_demonstration(context: Context, known_on: datetime) -> bool:
    with context.services() as services:
        return services.ledger.snapshot(_end(known_on)).is_demonstration


def _known(context: Context, day: datetime) -> Path:
    from mvd.build.as_of_build import known_on

    with context.services() as services:
        return known_on(services, context.settings, _end(day))


def _end(day: datetime) -> datetime:
    """The end of a day in Kazakhstan."""
    from warehouse.contracts import load_contracts
    from warehouse.query.as_of import end_of_day

    return end_of_day(day.date(), load_contracts().calendar.timezone_hours)

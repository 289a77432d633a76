"""`mvd build` and `mvd rebuild`: from accepted submissions to a release, and the same again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from mvd.console import console, errors, print_json, print_table
from mvd.context import Context
from mvd.show import show_left_out, show_unpublished
from warehouse.core.settings import Engine

EXIT_CODES = {"refused": 1, "failed": 3}
"""Of a build that was not published."""


def build(
    context: typer.Context,
    as_of: Annotated[
        datetime | None,
        typer.Option(help="Только отчёты, полученные к этому моменту (UTC)."),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Пересчитать все годы, а не только затронутые.")
    ] = False,
    engine: Annotated[
        Engine | None,
        typer.Option(help="Чем считать (или MVD_ENGINE); по умолчанию duckdb."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Собрать, проверить и опубликовать выпуск; при неудаче действует прежний."""
    from datetime import UTC

    from mvd.build.pipeline import build_release

    here: Context = context.obj
    moment = as_of.replace(tzinfo=UTC) if as_of else None

    def announce(step: str) -> None:
        errors.print(f"· {here.say(f'build_{step}')}…")

    with here.services() as services:
        outcome = build_release(
            services, here.with_engine(engine), as_of=moment, whole=whole, announce=announce
        )
    if as_json:
        print_json(
            {
                "release_id": outcome.release_id,
                "state": outcome.state,
                "is_published": outcome.is_published,
                "content_hash": outcome.content_hash,
                "reasons": outcome.reasons_in(here.language),
                "left_out": [asdict(each) for each in outcome.left_out],
            }
        )
    elif outcome.is_published:
        console.print(
            here.say(
                "build_done", release_id=outcome.release_id, content_hash=outcome.content_hash
            ),
            style="green",
        )
    else:
        show_unpublished(here, outcome)
    if not as_json:
        show_left_out(here, outcome.left_out)
    if not outcome.is_published:
        raise typer.Exit(EXIT_CODES[outcome.state])


def rebuild(
    context: typer.Context,
    release_id: Annotated[str, typer.Argument(help="Номер выпуска.")],
    engine: Annotated[
        Engine | None,
        typer.Option(help="Чем считать (или MVD_ENGINE); по умолчанию duckdb."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Собрать выпуск заново из его описания и сравнить хеши содержания."""
    from mvd.build.pipeline import rebuild_release

    here: Context = context.obj
    outcome = rebuild_release(here.home, release_id, here.with_engine(engine))
    if as_json:
        print_json(
            {
                "release_id": release_id,
                "is_same": outcome.is_same,
                "content_hash": outcome.content_hash,
                "differences": outcome.differences,
                "made_by": outcome.made_by,
                "present": outcome.present,
            }
        )
    elif outcome.is_same:
        console.print(
            here.say("rebuild_same", release_id=release_id, content_hash=outcome.content_hash),
            style="green",
        )
    else:
        console.print(here.say("rebuild_differs", release_id=release_id), style="red")
        print_table("", ["", "manifest", "found"], outcome.differences)
    if outcome.made_by != outcome.present and not as_json:
        console.print(
            here.say("rebuild_other_code", made_by=outcome.made_by, present=outcome.present)
        )
    if not outcome.is_same:
        raise typer.Exit(1)

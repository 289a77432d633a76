"""`mvd ingest`: a folder of files in, a verdict for each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvd.console import errors, print_json
from mvd.context import Context
from mvd.progress import counted
from mvd.show import show_results
from warehouse.core.errors import FileError


def ingest(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(exists=True, help="Каталог или файл.")] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV: file,territory,period,form."),
    ] = None,
    period: Annotated[str | None, typer.Option(help="Период файлов без списка, ГГГГ-ММ.")] = None,
    form: Annotated[str | None, typer.Option(help="Код формы, если он у всех один.")] = None,
    by: Annotated[str | None, typer.Option(help="Учётная запись отправителя.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Читающих процессов.")] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Проверить заново отклонённые и незавершённые.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Принять каталог файлов; с --replay — судить отклонённые по нынешним правилам."""
    from ingestion.intake import batch
    from ingestion.intake.file_list import listed

    here: Context = context.obj
    if (folder is None) != replay:
        raise typer.BadParameter(here.say("ingest_folder_or_replay"))
    unread: list[FileError] = []
    with here.services() as services, counted(here.say("demo_ingesting"), not as_json) as tick:
        if folder is None:
            results = batch.replay(services, workers=workers, progress=tick, unread=unread.append)
        else:
            requests = listed(
                folder, services.contracts, manifest=manifest, period=period, form=form, by=by
            )
            results = batch.ingest(
                services, requests, workers=workers, progress=tick, unread=unread.append
            )
        if as_json:
            print_json([r.to_json(services.contracts, here.language) for r in results])
        else:
            show_results(here, services, results)
    for error in unread:
        errors.print(error.text(here.language), style="bold red", markup=False)
    if unread or not all(result.is_accepted for result in results):
        raise typer.Exit(1)

"""`mvd store`: the object store that keeps originals, lake and releases."""

from __future__ import annotations

from typing import Annotated

import typer

from mvd.console import console, errors
from mvd.context import Context

store = typer.Typer(help="Хранилище объектов (MVD_STORE_URL).", no_args_is_help=True)


@store.callback()
def _given(context: typer.Context) -> None:
    here: Context = context.obj
    if here.home.store is None:
        errors.print(here.say("store_none"), style="red")
        raise typer.Exit(2)


@store.command("push")
def push(context: typer.Context) -> None:
    """Передать в хранилище то, что есть только в каталоге данных."""
    from warehouse.storage import mirror
    from warehouse.upkeep import sync

    here: Context = context.obj
    if kept := mirror.store_of(here.home):
        moved = sync.push(here.home, kept)
        console.print(
            here.say("store_pushed", store=kept.address, files=moved.files, releases=moved.releases)
        )


@store.command("pull")
def pull(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Все отчёты и выпуски, а не только действующий выпуск.")
    ] = False,
) -> None:
    """Получить из хранилища действующий выпуск (или всё); для машин, которые только читают."""
    from warehouse.releases import catalogue
    from warehouse.upkeep import sync

    here: Context = context.obj
    moved = sync.Moved(files=0, releases=0)
    release_id = catalogue.catch_up(here.home)
    if everything:
        with here.services() as services:
            moved = sync.pull(here.home, services.ledger)
    console.print(
        here.say(
            "store_pulled",
            store=here.home.store,
            release_id=release_id or "-",
            files=moved.files,
            releases=moved.releases,
        )
    )
    for name in moved.lost:
        errors.print(here.say("restore_missing", name=name), style="red")
    if moved.lost:
        raise typer.Exit(1)

"""`mvd backup` and `mvd restore`: the ledger copied, and put back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvd.console import console, errors
from mvd.context import Context


def backup(
    context: typer.Context,
    target: Annotated[
        Path | None, typer.Option(help="Каталог; по умолчанию <каталог данных>/backups.")
    ] = None,
) -> None:
    """Снять копию реестра, не останавливая работу. Остальное — неизменяемые файлы."""
    from warehouse.upkeep.backup import back_up

    here: Context = context.obj
    console.print(here.say("backup_done", copy=back_up(here.settings, target)))


def restore(
    context: typer.Context,
    copy: Annotated[Path, typer.Argument(help="Копия реестра.")],
) -> None:
    """Вернуть реестр из копии и назвать файлы, которых ему не хватает. Сначала make down."""
    from mvd.stack.control import is_supervised
    from mvd.stack.layout import Layout
    from warehouse.upkeep.backup import restore as put_back

    here: Context = context.obj
    if is_supervised(Layout(here.home)):
        errors.print(here.say("restore_running"), style="red")
        raise typer.Exit(1)
    restored = put_back(here.settings, copy)
    console.print(here.say("restore_done", submissions=restored.submissions))
    if restored.replaced:
        console.print(here.say("restore_kept", replaced=restored.replaced))
    missing = [*restored.missing_originals, *restored.missing_cells]
    for name in missing:
        errors.print(here.say("restore_missing", name=name), style="red")
    if missing:
        raise typer.Exit(1)

"""`mvd audit`: whether the log of actions is still what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvd.console import console, print_json
from mvd.context import Context

audit = typer.Typer(help="Журнал действий: проверка цепочки хешей.", no_args_is_help=True)


@audit.command("verify")
def verify(
    context: typer.Context,
    anchor: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Файл от `mvd audit anchor`."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Пройти всю цепочку; назвать первую запись, которая изменена, удалена или вставлена."""
    from warehouse.ledger.audit import Anchor, AuditLog

    here: Context = context.obj
    known = Anchor.from_text(anchor.read_text(encoding="utf-8")) if anchor else None
    with here.services() as services:
        breach = AuditLog(services.ledger).verify(known)
    if as_json:
        found = None if breach is None else {"number": breach.number, "reason": breach.reason}
        print_json({"is_intact": breach is None, "breach": found})
    elif breach is None:
        console.print(here.say("audit_intact"), style="green")
    else:
        said = here.say("audit_broken", number=breach.number, reason=breach.reason)
        console.print(said, style="red")
    if breach is not None:
        raise typer.Exit(1)


@audit.command("anchor")
def anchor(context: typer.Context) -> None:
    """Напечатать конец цепочки: с ним находится и усечение журнала. Храните его отдельно."""
    from warehouse.ledger.audit import AuditLog

    here: Context = context.obj
    with here.services() as services:
        print(AuditLog(services.ledger).anchor().to_text())  # noqa: T201 - this is the output

"""`mvd metrics`: what Prometheus would be told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvd.context import Context


def metrics(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option(help="Записать в этот файл (textfile collector) вместо вывода."),
    ] = None,
) -> None:
    """Показатели работы для Prometheus: сдача, сроки, очередь, сборки, возраст выпуска, охват."""
    from warehouse.core.durable import temporary_in
    from warehouse.published.metrics import Metrics, exposition

    here: Context = context.obj
    with here.services() as services:
        said = exposition(Metrics(here.home, services.ledger, services.contracts))
    if file is None:
        typer.echo(said, nl=False)
        return
    with temporary_in(file.parent) as temporary:
        temporary.write_bytes(said)
        temporary.replace(file)

"""`mvd submit`: one file in, a verdict and a receipt out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvd.commands.show import show_result
from mvd.console import print_json
from mvd.context import Context


def submit(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Файл отчёта.")],
    territory: Annotated[str, typer.Option(help="Код КАТО отчитывающейся территории.")],
    period: Annotated[str, typer.Option(help="Отчётный период, ГГГГ-ММ.")],
    form: Annotated[
        str | None, typer.Option(help="Код формы; без него определяется по содержанию.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Учётная запись отправителя.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Сдать один файл: решение, замечания по ячейкам, квитанция."""
    from ingestion.submit import submit as judge_file

    here: Context = context.obj
    with here.services() as services:
        result = judge_file(
            file,
            services=services,
            territory=territory,
            period=period,
            form=form,
            by=by,
            language=here.language,
        )
        if as_json:
            print_json(result.to_json(services.contracts, here.language))
        else:
            show_result(here, services, result)
    if not result.is_accepted:
        raise typer.Exit(1)

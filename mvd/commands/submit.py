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
    annotated: Annotated[
        Path | None, typer.Option(help="Куда записать тот же файл с замечаниями в ячейках.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="Куда записать подписанную квитанцию.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Сдать один файл: решение, замечания по ячейкам, квитанция."""
    from ingestion.annotate import annotate_result
    from ingestion.receipt import issue_receipt, plain_form
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
        if annotated is not None:
            annotated.write_bytes(annotate_result(services, result, here.language))
        if receipt is not None and result.submission_id is not None:
            signed = issue_receipt(services, result.submission_id)
            text = plain_form(signed, services.contracts, here.language)
            receipt.write_text(text, encoding="utf-8")
        if as_json:
            print_json(result.to_json(services.contracts, here.language))
        else:
            show_result(here, services, result)
    if not result.is_accepted:
        raise typer.Exit(1)

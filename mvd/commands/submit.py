"""`mvd submit`: one file in, a verdict and a receipt out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mvd.console import print_json
from mvd.context import Context
from mvd.show import show_remote_result, show_result


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
    signature: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Отделённая подпись файла (CMS: .p7s, .cms, .sig)."
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Сдать через портал по этому адресу; ключ — в MVD_TOKEN.")
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="Через портал: не подтверждать, подтвердит человек.")
    ] = False,
    reinstate: Annotated[
        bool,
        typer.Option(
            "--reinstate",
            help="Вернуть в силу заменённый или отозванный отправителем файл.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Сдать один файл: решение, замечания по ячейкам, квитанция."""
    if url is not None:
        if reinstate:
            raise typer.BadParameter(context.obj.say("submit_reinstate_locally"))
        target = _Target(territory, period, form, annotated, receipt, signature)
        _submit_remotely(context.obj, file, url, target, hold=hold, as_json=as_json)
        return
    from ingestion.annotate.answer import annotate_result
    from ingestion.documents.receipt import issue_receipt, plain_form
    from ingestion.intake.submit import submit as judge_file
    from ingestion.request import Request
    from warehouse.storage.regular import read_regular

    here: Context = context.obj
    with here.services() as services:
        request = Request(
            source=file,
            file_name=file.name,
            period=period,
            territory=territory,
            form=form,
            by=by,
            language=here.language,
            reinstate=reinstate,
            signature=read_regular(signature) if signature is not None else None,
        )
        result = judge_file(services, request)
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


@dataclass(frozen=True)
class _Target:
    territory: str
    period: str
    form: str | None
    annotated: Path | None
    receipt: Path | None
    signature: Path | None


def _submit_remotely(
    here: Context, file: Path, url: str, target: _Target, *, hold: bool, as_json: bool
) -> None:
    from mvd.remote import RemotePortal
    from warehouse.core.errors import UserError

    token = os.environ.get("MVD_TOKEN", "")
    if not token:
        raise UserError("PORTAL_TOKEN_MISSING")
    portal = RemotePortal(url, token, here.language)
    result = portal.submit(
        file,
        territory=target.territory,
        period=target.period,
        form=target.form,
        confirm=not hold,
        signature=target.signature,
    )
    number = result.submission["submission_id"]
    if target.annotated is not None:
        target.annotated.write_bytes(portal.annotated(number))
    if target.receipt is not None:
        target.receipt.write_text(f"{result.receipt}\n", encoding="utf-8")
    if as_json:
        print_json(result.to_json())
    else:
        show_remote_result(here, result)
    if not result.is_accepted:
        raise typer.Exit(1)

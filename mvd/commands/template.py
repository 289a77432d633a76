"""`mvd template`: an empty report to be filled in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mvd.console import console, print_json
from mvd.context import Context
from warehouse.core.clock import period_month

if TYPE_CHECKING:
    from ingestion.request import Services


def template(
    context: typer.Context,
    form: Annotated[str, typer.Option(help="Код формы, например TRF-M или 1-M.")],
    territory: Annotated[str, typer.Option(help="Код КАТО отчитывающейся территории.")],
    period: Annotated[str, typer.Option(help="Отчётный период, ГГГГ-ММ.")],
    out: Annotated[
        Path | None, typer.Option(help="Куда записать; по умолчанию в текущий каталог.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Шаблон отчёта: районы строками, единицы, пределы, прошлый месяц рядом."""
    period_month(period)
    here: Context = context.obj
    with here.services() as services:
        content = template_content(services, form, territory, period)
    name = f"{form}_{territory}_{period}.xlsx"
    path = out / name if out is not None and out.is_dir() else out or Path(name)
    path.write_bytes(content)
    if as_json:
        print_json({"file": str(path), "form": form, "territory": territory, "period": period})
    else:
        console.print(str(path))


def template_content(services: Services, form: str, territory: str, period: str) -> bytes:
    """The .xlsx to fill in, of whichever kind the form is. Raises UserError."""
    from ingestion.documents.official import write_blank
    from ingestion.documents.template import previous_figures, write_template

    contracts = services.contracts
    found = next(
        (f for f in contracts.form_versions if f.code == form and f.valid_in(period)), None
    )
    if found is not None and not found.is_table:
        return write_blank(contracts, form=form, territory=territory, period=period)
    previous = None
    if found is not None and territory in contracts.territories:
        previous = previous_figures(
            services.home,
            services.ledger,
            contracts,
            form=form,
            territory=territory,
            period=period,
        )
    return write_template(
        contracts, form=form, territory=territory, period=period, previous=previous
    )

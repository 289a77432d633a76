"""`mvd dictionary`: what every indicator and form means, as pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mvd.console import console
from mvd.context import Context


def dictionary(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Каталог для страниц.")] = Path("dictionary"),
) -> None:
    """Словарь данных: страница на показатель и форму, на трёх языках."""
    from warehouse.contracts import load_contracts
    from warehouse.published.claims.verdicts import released_verdicts
    from warehouse.published.dictionary.files import write_dictionary

    here: Context = context.obj
    pages = write_dictionary(out, load_contracts(), released_verdicts(here.home))
    console.print(here.say("dictionary_written", pages=pages, folder=out))

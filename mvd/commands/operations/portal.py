"""`mvd portal`: serve the departments' desk."""

from __future__ import annotations

from typing import Annotated

import typer

from mvd.context import Context


def portal(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Адрес (или MVD_PORTAL_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Порт (или MVD_PORTAL_PORT).")] = None,
) -> None:
    """Портал департаментов: страницы и API, вместе с процессами проверки."""
    from portal.serve import serve

    here: Context = context.obj
    serve(here.settings, host=host, port=port)

"""`mvd demo`: demonstration reports, and on request the whole way to a release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mvd.commands.build import EXIT_CODES
from mvd.console import console, errors
from mvd.context import Context
from mvd.progress import counted
from warehouse.core.settings import Engine

if TYPE_CHECKING:
    from ingestion.request import Services
    from mvd.demo.write import DemoManifest


def demo(
    context: typer.Context,
    target: Annotated[
        Path | None, typer.Option(help="Куда писать; по умолчанию <каталог данных>/demo.")
    ] = None,
    first_period: Annotated[str, typer.Option(help="Первый месяц, ГГГГ-ММ.")] = "2026-02",
    last_period: Annotated[str, typer.Option(help="Последний месяц, ГГГГ-ММ.")] = "2026-03",
    run: Annotated[
        bool, typer.Option("--run", help="Принять написанное, собрать выпуск, показать итог.")
    ] = False,
    engine: Annotated[
        Engine | None,
        typer.Option(help="Чем считать (или MVD_ENGINE); по умолчанию duckdb."),
    ] = None,
) -> None:
    """Написать демонстрационные отчёты (вымышленные цифры в официальных формах)."""
    from mvd.build.pipeline import build_release
    from mvd.demo.intake import take_in
    from mvd.demo.summary import show_summary

    here: Context = context.obj
    settings = here.with_engine(engine) if run else here.settings
    with here.services() as services:
        folder = target or here.home.root / "demo"
        written = _write(here, services, folder, first_period, last_period)
        _say_written(here, written)
        if not run:
            return
        with counted(here.say("demo_ingesting"), total=written.files) as tick:
            results = take_in(services, written, tick)
        outcome = build_release(services, settings, announce=lambda s: _announce(here, s))
        show_summary(here, services, written, results, outcome)
    if not outcome.is_published:
        raise typer.Exit(EXIT_CODES[outcome.state])


def _write(
    context: Context,
    services: Services,
    target: Path,
    first_period: str,
    last_period: str,
) -> DemoManifest:
    from mvd.demo.plan import Scope
    from mvd.demo.write import write_demo

    with counted(context.say("demo_writing")) as tick:
        return write_demo(
            target,
            contracts=services.contracts,
            scope=Scope(first_period, last_period, "series"),
            workers=context.settings.threads,
            language=context.language,
            progress=tick.to,
        )


def _say_written(context: Context, written: DemoManifest) -> None:
    console.print(
        context.say(
            "demo_written",
            files=written.files,
            megabytes=round(written.size / 2**20),
            folder=written.folder,
            story=written.story,
        )
    )


def _announce(context: Context, step: str) -> None:
    errors.print(f"· {context.say(f'build_{step}')}…")

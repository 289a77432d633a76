"""`mvd up`, `mvd down`, `mvd health`: the embedded stack on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mvd.console import console, errors, print_json, print_table
from mvd.context import Context

if TYPE_CHECKING:
    from mvd.stack.control import Health
    from mvd.stack.layout import Layout


def up(
    context: typer.Context,
    airflow_port: Annotated[
        int, typer.Option(help="Порт Airflow; 0 — 8080 или любой свободный.", min=0, max=65535)
    ] = 0,
    portal_port: Annotated[
        int, typer.Option(help="Порт портала; 0 — 8000 или любой свободный.", min=0, max=65535)
    ] = 0,
    superset_port: Annotated[
        int, typer.Option(help="Порт дашбордов; 0 — 8088 или любой свободный.", min=0, max=65535)
    ] = 0,
    dashboards: Annotated[
        bool, typer.Option(help="Запускать Superset, если он установлен (make setup-superset).")
    ] = True,
) -> None:
    """Запустить Airflow, портал и дашборды и дождаться готовности. Повтор безвреден."""
    from mvd.stack import control
    from mvd.stack.parts import SUPERSET

    layout = _layout(context)
    here: Context = context.obj
    started = time.monotonic()
    ports = {"airflow": airflow_port, "portal": portal_port, "superset": superset_port}
    last = ""

    def progress(found: Health) -> None:
        nonlocal last
        waiting = ", ".join(part.name for part in found.parts if not part.is_healthy)
        if waiting and waiting != last:
            last = waiting
            errors.print(here.say("stack_waiting", seconds=_since(started), parts=waiting))

    try:
        found = control.up(
            layout,
            with_portal=_has_portal(context),
            with_dashboards=dashboards and SUPERSET.exists(),
            ports=ports,
            progress=progress,
        )
    except KeyboardInterrupt:
        errors.print(here.say("stack_ended"))
        raise typer.Exit(130) from None
    _show(here, layout, found)
    console.print(here.say("stack_ready", seconds=_since(started)))


def down(context: typer.Context) -> None:
    """Остановить всё, что запустил `mvd up`, и ничего после себя не оставить."""
    from mvd.stack import control

    here: Context = context.obj
    processes = control.down(_layout(context))
    console.print(here.say("stack_down", processes=processes))


def health(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Что где работает; код 0 — только если здорово всё."""
    from dataclasses import asdict

    from mvd.stack import control

    here: Context = context.obj
    layout = _layout(context)
    found = control.health(layout)
    if as_json:
        answer: dict[str, Any] = {"is_healthy": found.is_healthy, **asdict(found)}
        print_json(answer)
    elif found.parts:
        _show(here, layout, found)
    else:
        console.print(here.say("stack_not_running"))
    if not found.is_healthy:
        raise typer.Exit(1)


def _layout(context: typer.Context) -> Layout:
    from mvd.stack.layout import Layout

    return Layout(context.obj.home)


def _has_portal(context: typer.Context) -> bool:
    """Whether this installation has the portal's command."""
    from importlib.util import find_spec

    group = context.find_root().command
    return "portal" in getattr(group, "commands", {}) and find_spec("portal.serve") is not None


def _show(context: Context, layout: Layout, found: Health) -> None:
    from mvd.stack.layout import USER

    rows = [
        (
            part.name,
            context.say("stack_healthy") if part.is_healthy else part.detail,
            part.url,
            part.pid,
            part.restarts,
        )
        for part in found.parts
    ]
    columns = [context.say(f"col_{name}") for name in ("part", "state", "address")]
    print_table("", [*columns, "PID", context.say("col_restarts")], rows)
    console.print(
        context.say(
            "stack_sign_in",
            user=USER,
            passwords=layout.passwords,
            inbox=context.home.inbox,
            logs=layout.logs,
        )
    )
    if any(part.name == "superset" for part in found.parts):
        console.print(context.say("stack_dashboards", passwords=layout.superset_password))


def _since(started: float) -> int:
    return round(time.monotonic() - started)

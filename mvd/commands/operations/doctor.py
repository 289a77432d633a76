"""`mvd doctor`: what is wrong with the installation and how to put it right."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from mvd.console import console, print_json, print_table
from mvd.context import Context


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Ответ для программ.")] = False,
) -> None:
    """Проверить установку: договоры, каталог, диск, реестр, выпуск, версии. Ничего не меняет."""
    from mvd.doctor import examine

    here: Context = context.obj
    checks = examine(here.settings)
    failed = [check for check in checks if not check.is_passed]
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        rows = [
            (
                here.say(f"doctor_{check.name}"),
                here.say("doctor_passed" if check.is_passed else "doctor_failed"),
                check.detail,
            )
            for check in checks
        ]
        print_table("", [here.say(f"col_{name}") for name in ("check", "state", "detail")], rows)
        for check in failed:
            fix = here.say(f"doctor_fix_{check.name}", home=here.home.root)
            console.print(f"– {here.say(f'doctor_{check.name}')}: {fix}", style="red")
    if failed:
        raise typer.Exit(1)

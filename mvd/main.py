"""The command line: `mvd`. Exit codes: 0 done, 1 refused or a check failed, 2 wrong use,
3 the machine failed a build and nothing is wrong with the data."""

import sys
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import typer

from mvd.commands import (
    build,
    claims,
    demo,
    dictionary,
    ingest,
    query,
    releases,
    status,
    submit,
    template,
)
from mvd.commands.operations import account, audit, backup, doctor, metrics, portal, stack, store
from mvd.console import errors
from mvd.context import Context
from warehouse.core.errors import UserError
from warehouse.core.logs import configure
from warehouse.core.settings import load_settings
from warehouse.core.texts import DEFAULT_LANGUAGE, Language

_WRONG_USE = frozenset(
    {
        "SETTING_INVALID",
        "SETTING_RENAMED",
        "SETTING_UNKNOWN",
        "PERIOD_INVALID",
        "QUERY_OF_TWO_STATES",
        "PERIOD_MISSING",
        "CLAIM_UNKNOWN_WORD",
        "TERRITORY_NAMED",
        "TERRITORY_CODE_UNKNOWN",
    }
)

app = typer.Typer(
    name="mvd",
    help="Единые показатели полиции: приём отчётов, проверка, сборка и выпуск.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)
"""The language of the command that runs, once its options are known."""


@app.callback()
def _installation(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="Каталог данных (или MVD_HOME); по умолчанию ./data.")
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="Язык сообщений (или MVD_LANGUAGE).")
    ] = None,
) -> None:
    settings = load_settings(home=home, language=language)
    _spoken.set(settings.language)
    configure(settings.log_format)
    context.obj = Context(settings)


app.command("submit")(submit.submit)
app.command("ingest")(ingest.ingest)
app.command("template")(template.template)
app.command("status")(status.status)
app.command("build")(build.build)
app.command("rebuild")(build.rebuild)
app.command("releases")(releases.releases)
app.command("verify")(releases.verify)
app.command("sql")(query.sql)
app.add_typer(claims.claims, name="claims")
app.command("dictionary")(dictionary.dictionary)
app.command("demo")(demo.demo)
app.command("portal")(portal.portal)
app.add_typer(account.account, name="account")
app.add_typer(audit.audit, name="audit")
app.command("up")(stack.up)
app.command("down")(stack.down)
app.command("health")(stack.health)
app.command("doctor")(doctor.doctor)
app.command("metrics")(metrics.metrics)
app.add_typer(store.store, name="store")
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)


def main() -> None:
    """Run the command line; an error meant for people is printed in their language."""
    try:
        app()
    except UserError as error:
        errors.print(error.text(_spoken.get() or load_settings_language()), style="red")
        sys.exit(2 if error.code in _WRONG_USE else 1)


def load_settings_language() -> Language:
    """The language of the installation, or Russian when the settings themselves are wrong."""
    try:
        return load_settings().language
    except UserError:
        return DEFAULT_LANGUAGE

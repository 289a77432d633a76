"""`mvd account`: create accounts, hand out one-time links, close accounts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from mvd.console import console, errors, print_table
from mvd.context import Context

if TYPE_CHECKING:
    from portal.store.accounts import Account, Accounts

account = typer.Typer(help="Учётные записи портала.", no_args_is_help=True)


@account.command()
def create(
    context: typer.Context,
    login: Annotated[str, typer.Argument(help="Имя для входа.")],
    role: Annotated[str, typer.Option(help="Роль из contracts/accounts.yml.")],
    name: Annotated[str, typer.Option(help="Как называть владельца.")],
    territory: Annotated[str | None, typer.Option(help="Код КАТО департамента.")] = None,
    email: Annotated[str | None, typer.Option(help="Адрес для уведомлений.")] = None,
) -> None:
    """Создать запись и напечатать одноразовую ссылку для пароля."""
    here: Context = context.obj
    with _accounts(here) as accounts:
        if territory is not None:
            accounts.territories.require(territory)
        made = accounts.create(
            login=login,
            display_name=name,
            role=role,
            territory=territory,
            email=email,
            language=here.language,
            by="mvd account",
        )
        _print_link(accounts, made)


@account.command()
def link(
    context: typer.Context, login: Annotated[str, typer.Argument(help="Имя для входа.")]
) -> None:
    """Напечатать новую одноразовую ссылку; прежние перестают действовать."""
    with _accounts(context.obj) as accounts:
        _print_link(accounts, accounts.by_login(login))


@account.command()
def close(
    context: typer.Context, login: Annotated[str, typer.Argument(help="Имя для входа.")]
) -> None:
    """Закрыть запись: сеансы, ключи и ссылки перестают действовать сразу."""
    with _accounts(context.obj) as accounts:
        accounts.disable(accounts.by_login(login).account_id)


@account.command()
def bind(
    context: typer.Context,
    login: Annotated[str, typer.Argument(help="Имя для входа.")],
    subject: Annotated[str, typer.Argument(help="Кто это у службы входа; пусто — никто.")],
) -> None:
    """Привязать запись к единой учётной записи (OpenID Connect)."""
    with _accounts(context.obj) as accounts:
        accounts.bind(accounts.by_login(login).account_id, subject.strip())


@account.command("list")
def list_accounts(context: typer.Context) -> None:
    """Показать все записи."""
    here: Context = context.obj
    names = ("login", "name", "role", "territory", "state")
    with _accounts(here) as accounts:
        rows = [
            (a.login, a.display_name, a.role, a.territory_kato, here.say(f"account_{_state(a)}"))
            for a in accounts.all()
        ]
    print_table(here.say("accounts"), [here.say(f"col_{name}") for name in names], rows)


def _state(account: Account) -> str:
    if account.disabled_at is not None:
        return "closed"
    return "open" if account.has_password else "invited"


def _print_link(accounts: Accounts, account: Account) -> None:
    from portal.desk.links import enrolment_url
    from portal.settings import PortalSettings

    console.print(enrolment_url(PortalSettings(), accounts.enrolment_link(account.account_id)))


@contextmanager
def _accounts(here: Context) -> Iterator[Accounts]:
    from portal.problems import PortalError
    from portal.store.accounts import Accounts
    from portal.texts import text

    with here.services() as services:
        try:
            yield Accounts(services.ledger.engine, services.contracts.territories)
        except PortalError as problem:
            errors.print(
                text(f"problem_{problem.key}", here.language, **problem.params), style="red"
            )
            raise typer.Exit(1) from problem

"""The commands that work inside Superset's application."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dashboards.paths import Place, write_private


@contextmanager
def application() -> Iterator[Any]:
    """Superset's application, as the administrator."""
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        yield app


def init(place: Place, _: argparse.Namespace) -> int:
    """Everything that a start needs; a second run changes nothing."""
    with application():
        prepare(place)
    return 0


def prepare(place: Place, *, anew: bool = True) -> None:
    """Database, roles, administrator, dashboards, example queries; inside the application.

    Not `anew`: nothing, if it was done before from the very same project. Importing dashboards
    that did not change would also let go of all answers that were kept.
    """
    from dashboards.superset import accounts, examples, loading, metadata, roles

    was_upgraded = metadata.upgrade()
    mark = loading.fingerprint()
    if (
        not (anew or was_upgraded)
        and place.prepared.exists()
        and mark == place.prepared.read_text()
    ):
        return
    roles.define()
    accounts.ensure_administrator(place)
    loading.load()
    roles.open_dashboards()
    examples.give_to_all()
    write_private(place.prepared, mark)


def load(place: Place, _: argparse.Namespace) -> int:
    """The dashboards as they are in the project."""
    from dashboards.superset import loading, roles

    del place
    with application():
        count = loading.load()
        roles.open_dashboards()
    print(f"{count} objects")  # noqa: T201
    return 0


def warm(place: Place, _: argparse.Namespace) -> int:
    """Ask every chart once."""
    from dashboards.superset.warm import ask_all

    del place
    with application():
        print(ask_all())  # noqa: T201
    return 0


def reports(place: Place, given: argparse.Namespace) -> int:
    """Send the letters that are due."""
    from dashboards.pages.letters import send

    with application():
        failed = send(place, everything=given.all)
    print("\n".join(failed))  # noqa: T201
    return 1 if failed else 0


def borders(place: Place, given: argparse.Namespace) -> int:
    """Check the borders of districts that the operator supplied, and draw their maps."""
    from dashboards.superset import borders
    from dashboards.superset.warm import ask_all

    try:
        for line in borders.install(place, given.language):
            print(line)  # noqa: T201
    except ValueError as refused:
        print(refused)  # noqa: T201
        return 1
    with application():
        prepare(place, anew=False)
        # Changed dashboards let go of the answers that were kept.
        ask_all()
    return 0


def account(place: Place, given: argparse.Namespace) -> int:
    """Add, change or close an account; prints a one-time password."""
    from dashboards.superset.accounts import command

    del place
    with application():
        return command(given)


def accounts(place: Place, given: argparse.Namespace) -> int:
    """Add or change the accounts of a file; prints name and one-time password of each."""
    from dashboards.superset.accounts import several

    del place
    with application():
        return several(given.file)

"""Accounts: made by command, with a password that is shown once."""

from __future__ import annotations

import argparse
import csv
import secrets
import sys
from pathlib import Path
from typing import Any

from dashboards.access import region_role, rules
from dashboards.paths import Place, write_private
from dashboards.superset import examples

ADMINISTRATOR = "admin"


class WrongUseError(Exception):
    """The command asks for what cannot be."""


def ensure_administrator(place: Place) -> None:
    """The first administrator, unless there is one; the password lies in a file of the owner."""
    from superset import security_manager as manager

    if manager.find_user(username=ADMINISTRATOR) is None:
        write_private(place.administrator, save(ADMINISTRATOR, "administrator") + "\n")


def command(given: argparse.Namespace) -> int:
    """`account NAME`: add, change or close."""
    try:
        if given.remove:
            close(given.name)
        else:
            password = save(given.name, given.role, given.region, given.email)
            print(password)  # noqa: T201
    except WrongUseError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


def several(path: Path) -> int:
    """The accounts of a CSV file; a wrong row is named, and the others are made all the same."""
    wrong = 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            try:
                region, email = row.get("region") or "", row.get("email") or ""
                print(row["name"], save(row["name"], row["role"], region, email))  # noqa: T201
            except WrongUseError as error:
                print(f"{row['name']}: {error}", file=sys.stderr)  # noqa: T201
                wrong += 1
    return 1 if wrong else 0


def save(name: str, role: str | None, region: str = "", email: str = "") -> str:
    """Make the account or give it a new password, and a new role if one is named; the password."""
    from superset import security_manager as manager
    from superset.extensions import db

    user = manager.find_user(username=name)
    held = _roles(manager, role, region) if role else None
    password = secrets.token_urlsafe(12)
    if user is None:
        if held is None:
            raise WrongUseError("a new account needs a role: --role")
        mail = email or f"{name}@localhost"
        user = manager.add_user(name, name, "", mail, held, password=password)
        if not user:
            raise WrongUseError(f"the account could not be made: is {mail} taken?")
    else:
        manager.reset_password(user.id, password)
        user.active, user.roles = True, held or user.roles
        user.email = email or user.email
    if any(role.name in _with_sql() for role in user.roles):
        examples.give_to(user)
    db.session.commit()
    return password


def close(name: str) -> None:
    """The account stays for the record and opens nothing any more."""
    from superset import security_manager as manager
    from superset.extensions import db

    user = manager.find_user(username=name)
    if user is None:
        raise WrongUseError(f"there is no account {name}")
    user.active, user.roles = False, []
    db.session.commit()


def _with_sql() -> set[str]:
    return {code for code, role in rules().roles.items() if role.sql}


def _roles(manager: Any, code: str, region: str) -> list[Any]:
    role = rules().roles.get(code)
    if role is None:
        raise WrongUseError(f"roles: {', '.join(rules().roles)}")
    if (role.scope == "region") != bool(region):
        raise WrongUseError("--region belongs to a regional role, and to no other")
    names = [code, *([region_role(region)] if region else [])]
    names += ["Admin"] if role.administrator else []
    found = [manager.find_role(name) for name in names]
    if None in found:
        raise WrongUseError(f"there is no region {region}")
    return found

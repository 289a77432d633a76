"""What a role may see, as `contracts/access.yml` has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from dashboards.place import CONTRACTS

_REGION_PREFIX = "region:"


class NoScopeError(PermissionError):
    """The account has no role that opens any data."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the dashboards. `scope` is `country` or `region`."""

    code: str
    names: Mapping[str, str]
    scope: str
    has_sql: bool
    is_administrator: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose data a request reads: one region's (KATO), or the country's when `region` is empty."""

    region: str = ""

    @property
    def folder(self) -> str:
        """Folder of its file inside a release."""
        return f"regions/{self.region}" if self.region else ""


@cache
def contract() -> dict[str, Any]:
    """The contract as it is written."""
    found: dict[str, Any] = yaml.safe_load((CONTRACTS / "access.yml").read_text(encoding="utf-8"))
    return found


@cache
def roles() -> dict[str, Role]:
    """Roles by code."""
    return {
        code: Role(
            code=code,
            names=given["name"],
            scope=given["scope"],
            has_sql=bool(given.get("sql", False)),
            is_administrator=bool(given.get("administrator", False)),
        )
        for code, given in contract()["roles"].items()
    }


def region_role(kato: str) -> str:
    """Name of the role that says which region an account belongs to."""
    return _REGION_PREFIX + kato


def scope_of(role_names: Iterable[str]) -> Scope:
    """Scope of an account with these roles. NoScopeError when they open nothing.

    The narrowest wins: whoever belongs to a region sees that region, whatever else is said.
    """
    names = list(role_names)
    regions = {n.removeprefix(_REGION_PREFIX) for n in names if n.startswith(_REGION_PREFIX)}
    held = [role for code, role in roles().items() if code in names]
    if len(regions) > 1 or not held:
        raise NoScopeError("the account has no role that opens data")
    if any(role.scope == "region" for role in held) or regions:
        if not regions:
            raise NoScopeError("the account belongs to no region")
        return Scope(regions.pop())
    return Scope()

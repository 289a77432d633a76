"""Who sees what, as `contracts/access.yml` has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dashboards.names import Names, read_yaml
from dashboards.paths import CONTRACTS

_REGION_PREFIX = "region:"


class NoAccessError(PermissionError):
    """The account has no role that opens any data."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Role(_Record):
    """What an account of this role may see."""

    name: Names
    scope: Literal["country", "region"]
    sql: bool = False
    administrator: bool = False

    @model_validator(mode="after")
    def _regions_write_no_sql(self) -> Self:
        if self.scope == "region" and (self.sql or self.administrator):
            raise ValueError("a role of a region has neither SQL nor administration")
        return self


class TableAccess(_Record):
    """Rows of one table for a region; `column` holds the KATO by which they are told apart."""

    rows: Literal["all", "own", "compare", "none"]
    column: str = Field(default="", pattern=r"^([a-z][a-z0-9_]*)?$")

    @model_validator(mode="after")
    def _own_rows_need_a_column(self) -> Self:
        if (self.rows in ("own", "compare")) != bool(self.column):
            raise ValueError("`column` belongs to rows `own` and `compare`, and to no other")
        return self


class AccessRules(_Record):
    """The whole of the file. A table that is not named has no rows for regions."""

    roles: Mapping[str, Role]
    tables: Mapping[str, TableAccess]

    def of(self, table: str) -> TableAccess:
        """The rule of a table."""
        return self.tables.get(table, TableAccess(rows="none"))


@cache
def rules() -> AccessRules:
    """The contract; pydantic.ValidationError says what is wrong with it."""
    return AccessRules.model_validate(read_yaml(CONTRACTS / "access.yml"))


def region_role(kato: str) -> str:
    """Name of the role that says which region an account belongs to."""
    return _REGION_PREFIX + kato


def region_of(role_names: Iterable[str]) -> str:
    """KATO of the region that an account with these roles sees; empty means the country.

    NoAccessError when the roles open nothing. The narrowest wins: whoever belongs to a region sees
    that region, whatever else is said.
    """
    names = set(role_names)
    regions = {n.removeprefix(_REGION_PREFIX) for n in names if n.startswith(_REGION_PREFIX)}
    held = [role for code, role in rules().roles.items() if code in names]
    if not held or len(regions) > 1:
        raise NoAccessError("the account has no role that opens data")
    if not regions and any(role.scope == "region" for role in held):
        raise NoAccessError("the account belongs to no region")
    return regions.pop() if regions else ""

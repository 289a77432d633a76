"""Roles, their privileges and the limits of signing in, as `contracts/accounts.yml` has them."""

from collections.abc import Mapping
from functools import cache
from typing import Literal, get_args

from pydantic import Field

from warehouse.contracts import CONTRACTS_DIR
from warehouse.core.records import Record, read_record
from warehouse.core.texts import Texts

Privilege = Literal[
    "period.view",
    "country.view",
    "submission.view",
    "submission.send",
    "submission.confirm",
    "submission.return",
    "period.lock",
    "exception.grant",
    "template.download",
    "account.own",
    "account.manage",
    "token.issue",
    "audit.view",
]
PRIVILEGES: frozenset[Privilege] = frozenset(get_args(Privilege))


class Role(Record):
    """What an account of this role may do, and where."""

    name: Texts
    scope: Literal["own", "country"]
    privileges: frozenset[Privilege]


class PasswordRules(Record):
    """What a password must be; `common` are refused whatever else they are."""

    min_length: int = Field(ge=8)
    max_length: int = Field(le=1024)
    min_different: int = Field(ge=1)
    common: frozenset[str]


class SignInRules(Record):
    """Limits of attempts, sessions, links and tokens."""

    failures_per_account: int = Field(ge=1)
    failures_per_address: int = Field(ge=1)
    window_minutes: int = Field(ge=1)
    wait_minutes: int = Field(ge=1)
    session_idle_minutes: int = Field(ge=1)
    session_hours: int = Field(ge=1)
    enrolment_hours: int = Field(ge=1)
    token_days: int = Field(ge=1)


class LetterRules(Record):
    """When departments are reminded."""

    days_before_deadline: int = Field(ge=0)


class AccountRules(Record):
    """The whole of `accounts.yml`."""

    roles: Mapping[str, Role]
    passwords: PasswordRules
    sign_in: SignInRules
    letters: LetterRules


@cache
def account_rules() -> AccountRules:
    """The rules, read once; raises ContractError."""
    return read_record(CONTRACTS_DIR / "accounts.yml", AccountRules)

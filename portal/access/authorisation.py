"""The one place that decides: who is asking, what may they do, and whose data is it about.

Every route names the privilege that it needs (`needs`) or says that it is open to all (`public`).
A route that says neither is refused: `authorise` runs before each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from portal.access.roles import Privilege, account_rules
from warehouse.core.texts import Language

_Handler = TypeVar("_Handler", bound=Callable[..., object])
_MARK = "_portal_privilege"
PUBLIC = "public"


class AccessDeniedError(Exception):
    """Not allowed. `hidden` answers as if the thing did not exist."""

    def __init__(self, *, hidden: bool = False) -> None:
        super().__init__("access denied")
        self.hidden = hidden


class NotSignedInError(Exception):
    """Nobody is signed in where somebody must be."""


@dataclass(frozen=True, slots=True)
class Access:
    """A signed-in account and what it may do."""

    account_id: str
    login: str
    display_name: str
    role: str
    territory: str | None
    language: Language
    privileges: frozenset[Privilege]
    scope: Literal["own", "country"]

    def may(self, privilege: Privilege) -> bool:
        """Whether the account has the privilege."""
        return privilege in self.privileges

    def require(self, privilege: Privilege) -> None:
        """AccessDeniedError without the privilege."""
        if not self.may(privilege):
            raise AccessDeniedError

    def sees(self, territory: str) -> bool:
        """Whether data of the territory (KATO) is the account's business."""
        return self.scope == "country" or (
            self.territory is not None and territory == self.territory
        )

    def require_territory(self, territory: str) -> None:
        """AccessDeniedError, hidden, for another's territory."""
        if not self.sees(territory):
            raise AccessDeniedError(hidden=True)


def access_of(
    *,
    account_id: str,
    login: str,
    display_name: str,
    role: str,
    territory: str | None,
    language: Language,
) -> Access:
    """The access of an account; a role that the contracts do not know may do nothing."""
    known = account_rules().roles.get(role)
    return Access(
        account_id=account_id,
        login=login,
        display_name=display_name,
        role=role,
        territory=territory,
        language=language,
        privileges=known.privileges if known else frozenset(),
        scope=known.scope if known else "own",
    )


def needs(privilege: Privilege) -> Callable[[_Handler], _Handler]:
    """Mark a route's handler with the privilege that it needs."""

    def mark(handler: _Handler) -> _Handler:
        setattr(handler, _MARK, privilege)
        return handler

    return mark


def public(handler: _Handler) -> _Handler:
    """Mark a route's handler as open to everybody."""
    setattr(handler, _MARK, PUBLIC)
    return handler


def privilege_of(handler: object) -> str | None:
    """The mark of a handler; None means that nobody may use it."""
    mark: str | None = getattr(handler, _MARK, None)
    return mark

"""Accounts, their passwords and the one-time links by which people set them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from portal.access.authorisation import Access, access_of
from portal.access.roles import account_rules
from portal.access.secret import digest, new_secret
from portal.problems import PortalError
from portal.store.passwords import hashed, is_outdated, is_right
from portal.store.throttle import Attempt
from warehouse.contracts.territories import Territories
from warehouse.core.clock import utc_now
from warehouse.core.texts import Language
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import reading, writing

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,79}")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as administrators see it. `subject` names its owner at the identity provider."""

    account_id: str
    login: str
    display_name: str
    role: str
    territory_kato: str | None
    email: str | None
    language: Language
    has_password: bool
    subject: str | None
    created_at: datetime
    disabled_at: datetime | None

    @property
    def access(self) -> Access:
        """What the account may do."""
        return access_of(
            account_id=self.account_id,
            login=self.login,
            display_name=self.display_name,
            role=self.role,
            territory=self.territory_kato,
            language=self.language,
        )


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of one installation; an account's territory must be one of `territories`."""

    engine: Engine
    territories: Territories

    def create(
        self,
        *,
        login: str,
        display_name: str,
        role: str,
        territory: str | None,
        email: str | None,
        language: Language = "ru",
        by: str | None = None,
    ) -> Account:
        """A new account without a password; PortalError when something does not fit."""
        login = login.strip().lower()
        _check(login, display_name, role, territory, email)
        self._check_territory(territory)
        values: dict[str, Any] = {
            "account_id": secrets.token_hex(8),
            "login": login,
            "display_name": display_name.strip(),
            "role": role,
            "territory_kato": territory,
            "email": email or None,
            "language": language,
            "created_at": utc_now(),
            "created_by": by,
        }
        try:
            with writing(self.engine) as connection:
                connection.execute(insert(t.account).values(**values))
        except IntegrityError as error:
            raise PortalError("login_taken", login=login) from error
        return self.get(values["account_id"])

    def _check_territory(self, territory: str | None) -> None:
        if territory is None:
            return
        if territory not in self.territories:
            raise PortalError("territory_unknown", territory=territory)
        if self.territories[territory].level == "republic":
            raise PortalError("territory_no_department", territory=territory)

    def get(self, account_id: str) -> Account:
        """One account; PortalError account_unknown."""
        return self._one(t.account.c.account_id == account_id, account_id)

    def by_login(self, login: str) -> Account:
        """One account; PortalError account_unknown."""
        return self._one(t.account.c.login == login.strip().lower(), login)

    def by_subject(self, subject: str) -> Account | None:
        """The open account that is bound to an identity of the provider."""
        query = select(t.account).where(
            t.account.c.subject == subject, t.account.c.disabled_at.is_(None)
        )
        with reading(self.engine) as connection:
            row = connection.execute(query).mappings().first()
        return _account(row) if row else None

    def bind(self, account_id: str, subject: str | None) -> Account:
        """Bind an account to an identity of the provider, or to none; its sessions end.

        PortalError subject_taken when another account is bound to it.
        """
        mine = t.account.c.account_id == account_id
        try:
            with writing(self.engine) as connection:
                connection.execute(update(t.account).where(mine).values(subject=subject or None))
                connection.execute(t.session.delete().where(t.session.c.account_id == account_id))
        except IntegrityError as error:
            raise PortalError("subject_taken") from error
        return self.get(account_id)

    def all(self) -> list[Account]:
        """All accounts by login."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(t.account).order_by(t.account.c.login)).mappings()
            return [_account(row) for row in rows]

    def enrolment_link(self, account_id: str) -> str:
        """A new one-time secret for setting the password; earlier ones end."""
        secret, now = new_secret(), utc_now()
        hours = account_rules().sign_in.enrolment_hours
        with writing(self.engine) as connection:
            _end_enrolments(connection, account_id, now)
            connection.execute(
                insert(t.enrolment).values(
                    token_sha256=digest(secret),
                    account_id=account_id,
                    created_at=now,
                    expires_at=now + timedelta(hours=hours),
                )
            )
        return secret

    def enrolling(self, secret: str) -> Account | None:
        """Whose link this is, while it may be used."""
        e = t.enrolment.c
        query = select(e.account_id).where(
            e.token_sha256 == digest(secret), e.used_at.is_(None), e.expires_at > utc_now()
        )
        with reading(self.engine) as connection:
            account_id = connection.execute(query).scalar()
        account = self.get(account_id) if account_id else None
        return account if account and account.disabled_at is None else None

    def enrol(self, secret: str, password: str) -> Account:
        """Set the password and use the link up; all sessions of the account end."""
        account = self.enrolling(secret)
        if account is None:
            raise PortalError("link_used")
        check_password(password, account)
        kept = hashed(password)
        now, e = utc_now(), t.enrolment.c
        with writing(self.engine) as connection:
            used = connection.execute(
                update(t.enrolment)
                .where(e.token_sha256 == digest(secret), e.used_at.is_(None))
                .values(used_at=now)
            )
            if used.rowcount != 1:
                raise PortalError("link_used")
            _set_password(connection, account.account_id, kept)
        return account

    def change_password(
        self, account_id: str, present: str, new: str, attempt: Attempt | None = None
    ) -> None:
        """PortalError when the present one is wrong or the new one too weak; else as `verify`."""
        account = self.get(account_id)
        if not self.verify(account.login, present, attempt):
            raise PortalError("password_wrong")
        check_password(new, account)
        kept = hashed(new)
        with writing(self.engine) as connection:
            _set_password(connection, account_id, kept)

    def verify(self, login: str, password: str, attempt: Attempt | None = None) -> Account | None:
        """The account if the password is right; an unknown name costs as much time.

        The attempt is counted before anything is hashed; PortalError too_many where it is one too
        many.
        """
        if len(password) > account_rules().passwords.max_length:
            password = ""
        if attempt is not None:
            attempt.begin()
        account = self._with_password(login, password)
        if account is not None and attempt is not None:
            attempt.succeed()
        return account

    def _with_password(self, login: str, password: str) -> Account | None:
        query = select(t.account).where(t.account.c.login == login.strip().lower())
        with reading(self.engine) as connection:
            row = connection.execute(query).mappings().first()
        is_known = is_right(row["password_hash"] if row else None, password)
        if row is None or not is_known or row["disabled_at"] is not None:
            return None
        if is_outdated(row["password_hash"]):
            self._rehash(row["account_id"], password)
        return _account(row)

    def _rehash(self, account_id: str, password: str) -> None:
        mine, kept = t.account.c.account_id == account_id, hashed(password)
        with writing(self.engine) as connection:
            connection.execute(update(t.account).where(mine).values(password_hash=kept))

    def disable(self, account_id: str) -> None:
        """Close an account: sessions, tokens and links end at once."""
        now = utc_now()
        with writing(self.engine) as connection:
            connection.execute(
                update(t.account)
                .where(t.account.c.account_id == account_id)
                .values(disabled_at=now)
            )
            connection.execute(t.session.delete().where(t.session.c.account_id == account_id))
            connection.execute(
                update(t.api_token)
                .where(t.api_token.c.account_id == account_id, t.api_token.c.revoked_at.is_(None))
                .values(revoked_at=now)
            )
            _end_enrolments(connection, account_id, now)

    def _one(self, condition: Any, name: str) -> Account:
        with reading(self.engine) as connection:
            row = connection.execute(select(t.account).where(condition)).mappings().first()
        if row is None:
            raise PortalError("account_unknown", login=name)
        return _account(row)


def check_password(password: str, account: Account) -> None:
    """PortalError with the rule that the password breaks."""
    rules = account_rules().passwords
    folded = password.casefold()
    if len(password) < rules.min_length:
        raise PortalError("password_short", length=rules.min_length)
    if len(password) > rules.max_length:
        raise PortalError("password_long", length=rules.max_length)
    is_guessable = (
        folded in rules.common or len(set(folded)) < rules.min_different or account.login in folded
    )
    if is_guessable:
        raise PortalError("password_guessable")


def _check(
    login: str, display_name: str, role: str, territory: str | None, email: str | None
) -> None:
    known = account_rules().roles.get(role)
    if not _LOGIN.fullmatch(login):
        raise PortalError("login_malformed")
    if not display_name.strip():
        raise PortalError("name_missing")
    if known is None:
        raise PortalError("role_unknown", role=role)
    if (known.scope == "own") != (territory is not None):
        raise PortalError("territory_needed" if known.scope == "own" else "territory_forbidden")
    if email and not _EMAIL.fullmatch(email):
        raise PortalError("email_malformed")


def _account(row: Mapping[Any, Any]) -> Account:
    return Account(
        account_id=row["account_id"],
        login=row["login"],
        display_name=row["display_name"],
        role=row["role"],
        territory_kato=row["territory_kato"],
        email=row["email"],
        language=cast(Language, row["language"]),
        has_password=row["password_hash"] is not None,
        subject=row["subject"],
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
    )


def _set_password(connection: Any, account_id: str, hashed: str) -> None:
    connection.execute(
        update(t.account).where(t.account.c.account_id == account_id).values(password_hash=hashed)
    )
    connection.execute(t.session.delete().where(t.session.c.account_id == account_id))


def _end_enrolments(connection: Any, account_id: str, now: datetime) -> None:
    connection.execute(
        update(t.enrolment)
        .where(t.enrolment.c.account_id == account_id, t.enrolment.c.used_at.is_(None))
        .values(used_at=now)
    )

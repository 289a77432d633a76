"""What every route works with: the shared state of the application and of one request."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from ingestion.request import Services
from portal.access.authorisation import (
    PUBLIC,
    Access,
    AccessDeniedError,
    NotSignedInError,
    privilege_of,
)
from portal.access.oidc import Oidc
from portal.access.roles import Privilege
from portal.access.secret import new_secret
from portal.desk.actions import Desk
from portal.guards.parameters import LONGEST_FIELDS, SECRET_FIELDS, check_field
from portal.guards.turns import Turns
from portal.judging.control import Judges
from portal.problems import PortalError
from portal.settings import PortalSettings
from portal.store.accounts import Accounts
from portal.store.letters import Letters
from portal.store.sessions import Session, Sessions
from portal.store.throttle import Throttle
from portal.store.uploads import Uploads
from warehouse.core.logs import hide
from warehouse.core.texts import LANGUAGES, Language, language_or_default
from warehouse.ledger.audit import AuditLog

API = "/api/v1"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MAX_FILES = 20
_MAX_FIELD_BYTES = 64 * 1024
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
_Result = TypeVar("_Result")
LANGUAGE_COOKIE = "mvd_language"


@dataclass(frozen=True, slots=True)
class Portal:
    """One installation of the portal."""

    settings: PortalSettings
    services: Services
    accounts: Accounts
    sessions: Sessions
    throttle: Throttle
    turns: Turns
    uploads: Uploads
    letters: Letters
    audit: AuditLog
    judges: Judges | None
    oidc: Oidc | None

    @classmethod
    def of(
        cls, settings: PortalSettings, services: Services, judges: Judges | None = None
    ) -> Portal:
        """The portal on the ledger of `services`; without `judges` others judge what comes in."""
        engine = services.ledger.engine
        return cls(
            settings=settings,
            services=services,
            accounts=Accounts(engine, services.contracts.territories),
            sessions=Sessions(engine),
            throttle=Throttle(engine),
            turns=Turns(),
            uploads=Uploads(engine),
            letters=Letters(engine),
            audit=AuditLog(services.ledger),
            judges=judges,
            oidc=Oidc(settings, engine) if settings.oidc_issuer else None,
        )

    @property
    def session_cookie(self) -> str:
        """Name of the cookie; browsers guard the prefix when people come over https."""
        return "__Host-mvd" if self.settings.is_secure else "mvd_session"

    @property
    def form_cookie(self) -> str:
        """Name of the cookie that guards forms of people who are not signed in."""
        return "__Host-mvd-form" if self.settings.is_secure else "mvd_form"

    @property
    def oidc_cookie(self) -> str:
        """Name of the cookie that binds a sign-in under way to its browser."""
        return "__Host-mvd-oidc" if self.settings.is_secure else "mvd_oidc"


def portal_of(request: Request) -> Portal:
    """The installation that serves this request."""
    return cast(Portal, request.app.state.portal)


def access_of(request: Request) -> Access:
    """Who is asking; NotSignedInError for nobody."""
    access: Access | None = request.state.access
    if access is None:
        raise NotSignedInError
    return access


def desk_of(request: Request) -> Desk:
    """The desk of who is asking."""
    portal = portal_of(request)
    return Desk(
        portal.services, portal.uploads, portal.accounts, portal.letters, access_of(request)
    )


def form_of(request: Request) -> FormData:
    """The form that was sent; `authorise` has read it."""
    return cast(FormData, request.state.form)


def field_of(request: Request, name: str) -> str:
    """A text field of the form, empty when it is missing or a file."""
    value = form_of(request).get(name)
    return value if isinstance(value, str) else ""


def language_of(request: Request) -> Language:
    """The reader's choice, else the account's language, else what the browser prefers."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    access: Access | None = getattr(request.state, "access", None)
    wanted = [chosen, access.language if access else None]
    accepted = request.headers.get("accept-language", "")
    wanted += [part.split(";")[0].strip()[:2].lower() for part in accepted.split(",")]
    return language_or_default(next((name for name in wanted if name in LANGUAGES), None))


def note(request: Request, action: str, what: str, **details: str) -> None:
    """Add what was done to the audit log."""
    access: Access | None = request.state.access
    actor = access.login if access else "anonymous"
    from_ = {"address": client_of(request)}
    portal_of(request).audit.append(
        actor=actor, action=action, object=what, details=from_ | details
    )


async def hashing(request: Request, work: Callable[[], _Result]) -> _Result:
    """What `work`, which hashes passwords, gives when the sender's turn has come; PortalError as
    `Turns.turn`."""
    async with portal_of(request).turns.turn(client_of(request)):
        return await run_in_threadpool(work)


def client_of(request: Request) -> str:
    """Address of the sender."""
    return request.client.host if request.client else ""


async def authorise(request: Request) -> None:
    """Runs before every route: who is asking, may they, and did our own page send the form?

    Asked again about the same request, it does nothing.
    """
    if hasattr(request.state, "access"):
        return
    request.state.access = None
    request.state.session = None
    request.state.form = FormData()
    privilege = privilege_of(request.scope["endpoint"])
    if privilege is None:
        raise AccessDeniedError
    hide(_secrets(request))
    is_api = is_of_api(request)
    if is_api:
        await _by_token(request)
    else:
        await _by_session(request)
    if privilege != PUBLIC:
        access_of(request).require(cast(Privilege, privilege))
    if not is_api and request.method not in _SAFE:
        await _own_form(request)


class AccountFirst(APIRoute):
    """A route that asks for the account before its body is read: FastAPI reads JSON before it
    resolves any dependency."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI wants it."""
        handle = super().get_route_handler()

        async def handle_authorised(request: Request) -> Response:
            await authorise(request)
            return await handle(request)

        return handle_authorised


def is_of_api(request: Request) -> bool:
    """Whether a program asks: it sends a token, and reads JSON."""
    return bool(request.scope["path"].startswith(API))


def _secrets(request: Request) -> list[str]:
    """What signs somebody in, or lets him choose a password."""
    _, _, token = request.headers.get("authorization", "").partition(" ")
    return [token, *request.cookies.values(), request.path_params.get("secret", "")]


async def _by_token(request: Request) -> None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret:
        find = portal_of(request).sessions.find_token
        request.state.access = await run_in_threadpool(find, secret.strip())


async def _by_session(request: Request) -> None:
    portal = portal_of(request)
    secret = request.cookies.get(portal.session_cookie)
    if not secret:
        return
    session: Session | None = await run_in_threadpool(portal.sessions.find, secret)
    if session is not None:
        request.state.session = session
        request.state.access = session.access


async def _own_form(request: Request) -> None:
    origin = request.headers.get("origin")
    foreign_site = request.headers.get("sec-fetch-site", "same-origin") not in (
        "same-origin",
        "none",
    )
    host = request.headers.get("host", "")
    if foreign_site or (origin is not None and origin.partition("://")[2] != host):
        raise PortalError("form_foreign", status=403)
    expected = csrf_of(request)
    by_header = request.headers.get(CSRF_HEADER)
    if by_header is not None and not _equal(by_header, expected):
        raise PortalError("form_outdated", status=403)
    request.state.form = await _read_form(request)
    if by_header is None and not _equal(field_of(request, CSRF_FIELD), expected):
        raise PortalError("form_outdated", status=403)


async def _read_form(request: Request) -> FormData:
    """The files and the fields that forms of ours have; whatever else was sent is left out."""
    form = await request.form(
        max_files=_MAX_FILES, max_fields=_MAX_FILES, max_part_size=_MAX_FIELD_BYTES
    )
    known = [
        (name, value)
        for name, value in form.multi_items()
        if name in LONGEST_FIELDS or isinstance(value, UploadFile)
    ]
    fields = [(name, value) for name, value in known if isinstance(value, str)]
    hide(value for name, value in fields if name in SECRET_FIELDS)
    for name, value in fields:
        check_field(name, value)
    return FormData(known)


def csrf_of(request: Request) -> str:
    """What a form of this browser must carry; empty when it has shown no form yet."""
    session: Session | None = request.state.session
    if session is not None:
        return session.csrf_token
    return request.cookies.get(portal_of(request).form_cookie, "")


def new_form_secret(request: Request) -> str:
    """What guards the forms of a browser without a session, kept while it has one."""
    return csrf_of(request) or new_secret()


def _equal(given: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def cookie_settings(request: Request) -> dict[str, Any]:
    """How our cookies are set."""
    secure = portal_of(request).settings.is_secure
    return {"httponly": True, "secure": secure, "samesite": "lax", "path": "/"}

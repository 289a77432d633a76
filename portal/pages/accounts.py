"""One's own account; for administrators, all accounts and the audit log."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from portal.access.authorisation import needs
from portal.access.roles import account_rules
from portal.desk.links import enrolment_url
from portal.guards.bodies import takes
from portal.guards.parameters import Id, NumberQuery
from portal.pages.answers import to
from portal.problems import PortalError
from portal.render import page
from portal.web import access_of, client_of, field_of, hashing, language_of, note, portal_of
from warehouse.core.clock import utc_now

router = APIRouter()
_AUDIT_SHOWN = 100


@router.get("/account")
@needs("account.own")
def own_account(request: Request) -> Response:
    """Password and tokens."""
    return _own_page(request)


@router.post("/account/password")
@needs("account.own")
@takes("form")
async def change_password(request: Request) -> Response:
    """A new password; every session ends, this one too."""
    try:
        await _change_password(request)
    except PortalError as problem:
        return await run_in_threadpool(_own_page, request, problem=problem)
    await run_in_threadpool(note, request, "account.password_changed", access_of(request).login)
    return to("/sign-in", done="enrolled")


async def _change_password(request: Request) -> None:
    portal, access, address = portal_of(request), access_of(request), client_of(request)
    await run_in_threadpool(portal.throttle.check, access.login, address)
    present, new = field_of(request, "present"), field_of(request, "password")
    if new != field_of(request, "repeated"):
        raise PortalError("password_differs")
    attempt = portal.throttle.attempt(access.login, address)
    change = portal.accounts.change_password
    await hashing(request, lambda: change(access.account_id, present, new, attempt))


@router.post("/account/tokens")
@needs("token.issue")
@takes("form")
def issue_token(request: Request) -> Response:
    """A new token for a program; its secret is shown on this page and never again."""
    access, name = access_of(request), field_of(request, "name").strip()
    if not name:
        return _own_page(request, problem=PortalError("token_name_missing"))
    secret = portal_of(request).sessions.issue_token(access.account_id, name)
    note(request, "token.issued", access.login, name=name)
    return _own_page(request, secret=secret)


@router.post("/account/tokens/{token_id}/revoke")
@needs("token.issue")
@takes("form")
def revoke_token(request: Request, token_id: Id) -> Response:
    """End a token at once."""
    access = access_of(request)
    portal_of(request).sessions.revoke_token(access.account_id, token_id)
    note(request, "token.revoked", access.login, token=token_id)
    return to("/account", done="revoked")


def _own_page(
    request: Request, *, secret: str | None = None, problem: PortalError | None = None
) -> Response:
    access = access_of(request)
    return page(
        request,
        "account.html",
        status=problem.status if problem else 200,
        headers=problem.headers if problem else None,
        tokens=portal_of(request).sessions.tokens(access.account_id),
        secret=secret,
        role=account_rules().roles[access.role].name.text(language_of(request)),
        rules=account_rules().passwords,
        problem=problem.key if problem else None,
        params=problem.params if problem else {},
        now=utc_now(),
    )


@router.get("/accounts")
@needs("account.manage")
def accounts(request: Request) -> Response:
    """All accounts."""
    return _accounts_page(request)


@router.post("/accounts")
@needs("account.manage")
@takes("form")
def create_account(request: Request) -> Response:
    """A new account and its one-time link."""
    portal = portal_of(request)
    try:
        account = portal.accounts.create(
            login=field_of(request, "login"),
            display_name=field_of(request, "display_name"),
            role=field_of(request, "role"),
            territory=field_of(request, "territory") or None,
            email=field_of(request, "email").strip() or None,
            language=language_of(request),
            by=access_of(request).login,
        )
    except PortalError as problem:
        return _accounts_page(request, problem=problem)
    note(request, "account.created", account.login, role=account.role)
    return _link_page(request, account.account_id)


@router.post("/accounts/{account_id}/link")
@needs("account.manage")
@takes("form")
def new_link(request: Request, account_id: Id) -> Response:
    """A new one-time link; earlier ones end."""
    return _link_page(request, account_id)


@router.post("/accounts/{account_id}/close")
@needs("account.manage")
@takes("form")
def close_account(request: Request, account_id: Id) -> Response:
    """End an account with its sessions and tokens."""
    portal = portal_of(request)
    account = portal.accounts.get(account_id)
    portal.accounts.disable(account.account_id)
    note(request, "account.closed", account.login)
    return to("/accounts", done="closed")


@router.post("/accounts/{account_id}/bind")
@needs("account.manage")
@takes("form")
def bind_account(request: Request, account_id: Id) -> Response:
    """Say who the owner is at the identity provider, or that he is nobody there."""
    portal = portal_of(request)
    account = portal.accounts.get(account_id)
    subject = field_of(request, "subject").strip()
    portal.accounts.bind(account.account_id, subject)
    note(request, "account.bound", account.login, subject=subject)
    return to("/accounts", done="bound")


def _link_page(request: Request, account_id: str) -> Response:
    portal = portal_of(request)
    account = portal.accounts.get(account_id)
    secret = portal.accounts.enrolment_link(account.account_id)
    note(request, "account.link_made", account.login)
    link = enrolment_url(portal.settings, secret)
    return _accounts_page(request, link=link, invited=account.login)


def _accounts_page(
    request: Request,
    *,
    link: str | None = None,
    invited: str = "",
    problem: PortalError | None = None,
) -> Response:
    portal, language = portal_of(request), language_of(request)
    units = portal.services.contracts.territories.regions_on(utc_now().date())
    return page(
        request,
        "accounts.html",
        status=problem.status if problem else 200,
        accounts=portal.accounts.all(),
        roles={code: role.name.text(language) for code, role in account_rules().roles.items()},
        units=[unit.kato for unit in units],
        has_oidc=portal.oidc is not None,
        link=link,
        invited=invited,
        hours=account_rules().sign_in.enrolment_hours,
        problem=problem.key if problem else None,
        params=problem.params if problem else {},
    )


@router.get("/audit")
@needs("audit.view")
def audit(request: Request, before: NumberQuery | None = None) -> Response:
    """The newest entries of the audit log, and whether the chain is whole."""
    log = portal_of(request).audit
    entries = log.entries(before=before, limit=_AUDIT_SHOWN)
    return page(
        request,
        "audit.html",
        entries=entries,
        next_before=entries[-1].number if len(entries) == _AUDIT_SHOWN else None,
        anchor=log.anchor(),
        breach=log.verify(),
    )

"""Signing in and out, enrolling by a one-time link, choosing a language."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from portal.access.authorisation import needs, public
from portal.access.roles import account_rules
from portal.guards.bodies import takes
from portal.guards.parameters import LanguageCode, LinkQuery, Secret
from portal.pages.answers import local_path, to
from portal.problems import PortalError
from portal.render import page
from portal.store.accounts import Account
from portal.web import (
    LANGUAGE_COOKIE,
    access_of,
    client_of,
    cookie_settings,
    field_of,
    hashing,
    note,
    portal_of,
)
from warehouse.core.texts import LANGUAGES

router = APIRouter()
# The address holds the secret: other requests of the page do not name it.
_UNNAMED = {"referrer-policy": "strict-origin"}


@router.get("/sign-in")
@public
def sign_in_form(request: Request, next: LinkQuery = "/") -> Response:  # noqa: A002 - as in the URL
    """The form."""
    if request.state.access is not None:
        return to(local_path(next))
    return sign_in_page(request, local_path(next))


@router.post("/sign-in")
@public
@takes("form")
async def sign_in(request: Request) -> Response:
    """A session for the right name and password; the browser's earlier one ends."""
    target = local_path(field_of(request, "next"))
    try:
        account = await _verified(request)
    except PortalError as problem:
        return await run_in_threadpool(sign_in_page, request, target, problem=problem)
    return await run_in_threadpool(_verdict, request, account, target)


async def _verified(request: Request) -> Account | None:
    """The account of the name and password that were sent; who is blocked does not even wait."""
    portal, address = portal_of(request), client_of(request)
    login, password = _login(request), field_of(request, "password")
    await run_in_threadpool(portal.throttle.check, login, address)
    attempt = portal.throttle.attempt(login, address)
    return await hashing(request, lambda: portal.accounts.verify(login, password, attempt))


def _verdict(request: Request, account: Account | None, target: str) -> Response:
    portal, login = portal_of(request), _login(request)
    if account is None:
        is_blocked = portal.throttle.is_blocked(login)
        note(request, "sign_in.blocked" if is_blocked else "sign_in.failed", login)
        return sign_in_page(request, target, problem=PortalError("sign_in_wrong", status=401))
    return signed_in(request, account.account_id, target)


def _login(request: Request) -> str:
    return field_of(request, "login").strip().lower()


def signed_in(request: Request, account_id: str, target: str) -> Response:
    """Open a session under a new secret and go to `target`."""
    portal = portal_of(request)
    replaces = request.cookies.get(portal.session_cookie)
    secret = portal.sessions.open(account_id, replaces=replaces)
    note(request, "sign_in.done", portal.accounts.get(account_id).login)
    answer = to(target)
    answer.set_cookie(portal.session_cookie, secret, **cookie_settings(request))
    answer.delete_cookie(portal.form_cookie, **cookie_settings(request))
    return answer


def sign_in_page(request: Request, target: str, *, problem: PortalError | None = None) -> Response:
    """The form, with what went wrong; also the way to the identity provider if there is one."""
    return page(
        request,
        "sign_in.html",
        status=problem.status if problem else 200,
        headers=problem.headers if problem else None,
        target=target,
        problem=problem.key if problem else None,
        params=problem.params if problem else {},
        has_oidc=portal_of(request).oidc is not None,
    )


@router.post("/sign-out")
@needs("account.own")
@takes("form")
def sign_out(request: Request) -> Response:
    """End the session."""
    portal = portal_of(request)
    note(request, "sign_out.done", access_of(request).login)
    portal.sessions.close(request.cookies.get(portal.session_cookie, ""))
    answer = to("/sign-in", done="signed_out")
    answer.delete_cookie(portal.session_cookie, **cookie_settings(request))
    return answer


@router.get("/enrol/{secret}")
@public
def enrol_form(request: Request, secret: Secret) -> Response:
    """Choose a password, while the link may be used."""
    account = portal_of(request).accounts.enrolling(secret)
    if account is None:
        raise PortalError("link_used", status=404)
    return _enrol_page(request, secret, account.display_name, account.login)


@router.post("/enrol/{secret}")
@public
@takes("form")
async def enrol(request: Request, secret: Secret) -> Response:
    """Set the password; then sign in with it."""
    accounts = portal_of(request).accounts
    account = await run_in_threadpool(accounts.enrolling, secret)
    if account is None:
        raise PortalError("link_used", status=404)
    password = field_of(request, "password")
    try:
        if password != field_of(request, "repeated"):
            raise PortalError("password_differs")
        await hashing(request, lambda: accounts.enrol(secret, password))
    except PortalError as problem:
        names = account.display_name, account.login
        return await run_in_threadpool(_enrol_page, request, secret, *names, problem)
    await run_in_threadpool(note, request, "account.enrolled", account.login)
    return to("/sign-in", done="enrolled")


def _enrol_page(
    request: Request, secret: str, name: str, login: str, problem: PortalError | None = None
) -> Response:
    return page(
        request,
        "enrol.html",
        status=problem.status if problem else 200,
        headers=_UNNAMED | (problem.headers if problem else {}),
        secret=secret,
        display_name=name,
        login=login,
        rules=account_rules().passwords,
        problem=problem.key if problem else None,
        params=problem.params if problem else {},
    )


@router.get("/language/{language}")
@public
def choose_language(request: Request, language: LanguageCode, next: LinkQuery = "/") -> Response:  # noqa: A002
    """Remember the language of this browser, and of the account."""
    answer = to(local_path(next))
    if language in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=31536000, **cookie_settings(request))
    return answer

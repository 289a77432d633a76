"""Signing in through the identity provider: there and back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from portal.access.authorisation import public
from portal.access.oidc import CALLBACK, MINUTES, Oidc, OidcError
from portal.guards.parameters import LinkQuery, ProviderQuery
from portal.pages.answers import local_path
from portal.pages.sign_in import sign_in_page, signed_in
from portal.problems import PortalError
from portal.web import cookie_settings, note, portal_of
from warehouse.core.logs import hide

router = APIRouter()


@router.get("/sign-in/oidc")
@public
def begin(request: Request, next: LinkQuery = "/") -> Response:  # noqa: A002 - as in the URL
    """Go to the provider; what must come back is kept in the browser."""
    oidc = _configured(request)
    try:
        address, state = oidc.begin(local_path(next))
    except OidcError as error:
        return _refused(request, error.reason, status=503)
    answer = RedirectResponse(address, status_code=303)
    settings = cookie_settings(request) | {"max_age": MINUTES * 60}
    answer.set_cookie(portal_of(request).oidc_cookie, state, **settings)
    return answer


@router.get(CALLBACK)
@public
def finish(
    request: Request,
    state: ProviderQuery = "",
    code: ProviderQuery = "",
    error: ProviderQuery | None = None,
    iss: ProviderQuery | None = None,
) -> Response:
    """Back from the provider: a session for the account that is bound to the identity."""
    portal, oidc = portal_of(request), _configured(request)
    given = {"state": state, "code": code, "error": error, "iss": iss}
    query = {name: value for name, value in given.items() if value is not None}
    hide((state, code))
    try:
        identity, target = oidc.finish(query, request.cookies.get(portal.oidc_cookie, ""))
        account = portal.accounts.by_subject(identity)
        if account is None:
            raise OidcError(f"no open account is bound to {identity[:80]}")
        answer = signed_in(request, account.account_id, local_path(target))
    except OidcError as refused:
        answer = _refused(request, refused.reason, status=403)
    answer.delete_cookie(portal.oidc_cookie, **cookie_settings(request))
    return answer


def _configured(request: Request) -> Oidc:
    oidc = portal_of(request).oidc
    if oidc is None:
        raise PortalError("not_found", status=404)
    return oidc


def _refused(request: Request, reason: str, *, status: int) -> Response:
    note(request, "sign_in.refused", "oidc", reason=reason)
    return sign_in_page(request, "/", problem=PortalError("oidc_refused", status=status))

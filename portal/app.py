"""The application: routes, guards and what people see when something is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from ingestion.request import Services
from portal import metrics
from portal.access.authorisation import AccessDeniedError, NotSignedInError
from portal.api import routes
from portal.desk.letters import Postman
from portal.guards.bodies import limits
from portal.guards.faults import Faults
from portal.guards.parameters import LONGEST_LINK
from portal.guards.request_log import RequestLog
from portal.guards.security import BodyLimits, BodyRefusedError, RateLimit, SecurityHeaders
from portal.judging.control import Judges
from portal.pages import (
    accounts,
    country,
    dictionary,
    health,
    oidc,
    period,
    sign_in,
    submissions,
    templates,
)
from portal.problems import PortalError
from portal.render import page
from portal.settings import PortalSettings
from portal.texts import has_text, text
from portal.web import Portal, authorise, is_of_api, language_of
from warehouse.core.errors import UserError

_PAGES = (
    sign_in, oidc, period, submissions, templates, country, accounts, dictionary, health
)  # fmt: skip

_SHOWN = 40
"""How much of a wrong value an answer repeats."""


def create_app(
    settings: PortalSettings, services: Services, *, judges: Judges | None = None
) -> FastAPI:
    """The portal on `services`; it tells how its `judges` are, and writes letters if it has any."""
    portal = Portal.of(settings, services, judges)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        postman = Postman(services, portal.uploads, portal.accounts, portal.letters, settings)
        if judges is not None:
            postman.start()
        yield
        postman.stop()

    app = FastAPI(
        title="MVD reporting desk",
        version="1",
        lifespan=lifespan,
        dependencies=[Depends(authorise)],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.portal = portal
    for module in _PAGES:
        app.include_router(module.router, include_in_schema=False)
    app.include_router(routes.router)
    app.include_router(metrics.router, include_in_schema=False)
    static = files("portal").joinpath("static")
    app.mount("/static", StaticFiles(directory=str(static)), name="static")
    for kind, handler in _REFUSALS.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(BodyLimits, limits=limits(settings, services.limits.file_bytes))
    app.add_middleware(RateLimit, requests=settings.requests_per_minute, window_seconds=60.0)
    app.add_middleware(Faults, answer=_failed)
    app.add_middleware(RequestLog)
    app.add_middleware(SecurityHeaders, is_secure=settings.is_secure)
    return app


def _not_signed_in(request: Request, _: Exception) -> Response:
    if _wants_json(request):
        said = text("problem_not_signed_in", language_of(request))
        content = {"code": "not_signed_in", "detail": said}
        return JSONResponse(content, 401, {"www-authenticate": "Bearer"})
    path = request.scope["path"]
    target = path if request.method == "GET" and len(path) <= LONGEST_LINK else "/"
    return RedirectResponse(f"/sign-in?{urlencode({'next': target})}", status_code=303)


def _denied(request: Request, error: Exception) -> Response:
    is_hidden = isinstance(error, AccessDeniedError) and error.hidden
    return _answer(request, *((404, "not_found") if is_hidden else (403, "denied")))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, PortalError)  # noqa: S101 - registered for it alone
    answer = _answer(request, error.status, error.key, **error.params)
    answer.headers.update(error.headers)
    return answer


def _user_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, UserError)  # noqa: S101 - registered for it alone
    status = {"FILE_TOO_LARGE": 413, "PERIOD_INVALID": 404}.get(error.code, 409)
    return _said(request, status, error.code, error.text(language_of(request)))


def _invalid(request: Request, error: Exception) -> Response:
    """A parameter is not what its route says. On pages, a path that cannot be is no page."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    first = error.errors()[0]
    place, *names = (str(part) for part in first["loc"])
    is_no_page = place == "path" and not is_of_api(request)
    status = 404 if is_no_page else 422
    if names[:1] == ["period"] and isinstance(first.get("input"), str):
        wrong = UserError("PERIOD_INVALID", value=first["input"][:_SHOWN])
        return _said(request, status, wrong.code, wrong.text(language_of(request)))
    if is_no_page:
        return _answer(request, status, "not_found")
    if not names or names[0].isdecimal():  # not even JSON: the place where it breaks off
        return _answer(request, status, "bad_request")
    return _answer(request, status, "value_malformed", name=names[0])


def _failed(request: Request, reference: str) -> Response:
    """The answer to a fault of ours; `reference` finds it in the log."""
    return _answer(request, 500, "internal", reference=reference)


def _body_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, BodyRefusedError)  # noqa: S101 - registered for it alone
    key = {413: "body_large", 408: "body_slow"}[error.status_code]
    answer = _answer(request, error.status_code, key)
    # The rest of the body is not read: the connection cannot be used again.
    answer.headers["connection"] = "close"
    return answer


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    key = {404: "not_found", 405: "not_found"}.get(error.status_code, "bad_request")
    answer = _answer(request, error.status_code, key)
    answer.headers.update(error.headers or {})
    return answer


_REFUSALS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    NotSignedInError: _not_signed_in,
    AccessDeniedError: _denied,
    PortalError: _refused,
    UserError: _user_error,
    BodyRefusedError: _body_refused,
    RequestValidationError: _invalid,
    HTTPException: _http_error,
}


def _wants_json(request: Request) -> bool:
    return is_of_api(request) or "application/json" in request.headers.get("accept", "")


def _answer(request: Request, status: int, key: str, **params: object) -> Response:
    language = language_of(request)
    if "name" in params and has_text(f"field_{params['name']}"):
        params["name"] = text(f"field_{params['name']}", language)
    said = text(f"problem_{key}", language, **params)
    return _said(request, status, key, said)


def _said(request: Request, status: int, code: str, said: str) -> Response:
    if _wants_json(request):
        return JSONResponse({"code": code, "detail": said}, status)
    for name in ("access", "session"):
        if not hasattr(request.state, name):
            setattr(request.state, name, None)
    return page(request, "problem.html", status=status, problem_text=said)

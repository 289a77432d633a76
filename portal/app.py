"""The application: routes, guards and what people see when something is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from ingestion.request import Services
from portal.access import AccessDenied, NotSignedIn
from portal.pages import period, sign_in, submissions
from portal.problems import PortalProblem
from portal.render import page
from portal.security import BodyLimits, BodyRefused, Limit, SecurityHeaders
from portal.settings import PortalSettings
from portal.supervisor import Supervisor
from portal.texts import text
from portal.web import API, Portal, authorise, language_of
from warehouse.errors import UserError

_FORM_LIMIT = Limit(size=256 * 1024, idle_seconds=10.0, total_seconds=30.0)
_FILES_AT_ONCE = 8


def create_app(settings: PortalSettings, services: Services, *, judges: bool = True) -> FastAPI:
    """The portal on `services`; with `judges` it starts the processes that judge uploads."""
    portal = Portal.of(settings, services)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        supervisor = Supervisor(portal.uploads, settings)
        if judges:
            supervisor.start()
        yield
        supervisor.stop()

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
    for module in (sign_in, period, submissions):
        app.include_router(module.router, include_in_schema=False)
    static = files("portal").joinpath("static")
    app.mount("/static", StaticFiles(directory=str(static)), name="static")
    _handle_refusals(app)
    app.add_middleware(BodyLimits, limit_for=_limits(settings, services))
    app.add_middleware(SecurityHeaders, is_secure=settings.is_secure)
    return app


def _limits(settings: PortalSettings, services: Services):  # type: ignore[no-untyped-def]
    slow = (settings.upload_idle_seconds, settings.upload_seconds)
    one = Limit(services.limits.file_bytes + _FORM_LIMIT.size, *slow)
    several = Limit(services.limits.file_bytes * _FILES_AT_ONCE, *slow)

    def limit_for(path: str) -> Limit:
        if path == f"{API}/uploads":
            return one
        return several if path.endswith("/files") else _FORM_LIMIT

    return limit_for


def _handle_refusals(app: FastAPI) -> None:
    @app.exception_handler(NotSignedIn)
    def not_signed_in(request: Request, _: NotSignedIn) -> Response:
        if _wants_json(request):
            return _problem(request, 401, "not_signed_in")
        target = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?next={target}", status_code=303)

    @app.exception_handler(AccessDenied)
    def denied(request: Request, error: AccessDenied) -> Response:
        return _answer(request, *((404, "not_found") if error.hidden else (403, "denied")))

    @app.exception_handler(PortalProblem)
    def refused(request: Request, error: PortalProblem) -> Response:
        return _answer(request, error.status, error.key, **error.params)

    @app.exception_handler(UserError)
    def user_error(request: Request, error: UserError) -> Response:
        status = {"FILE_TOO_LARGE": 413, "PERIOD_INVALID": 404}.get(error.code, 409)
        return _said(request, status, error.code, error.text(language_of(request)))

    @app.exception_handler(BodyRefused)
    def body_refused(request: Request, error: BodyRefused) -> Response:
        key = {413: "body_large", 408: "body_slow"}[error.status]
        answer = _answer(request, error.status, key)
        # The rest of the body is not read: the connection cannot be used again.
        answer.headers["connection"] = "close"
        return answer

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        key = {404: "not_found", 405: "not_found"}.get(error.status_code, "bad_request")
        answer = _answer(request, error.status_code, key)
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        return answer


def _wants_json(request: Request) -> bool:
    return request.url.path.startswith(API) or "application/json" in request.headers.get(
        "accept", ""
    )


def _answer(request: Request, status: int, key: str, **params: object) -> Response:
    said = text(f"problem_{key}", language_of(request), **params)
    return _said(request, status, key, said)


def _problem(request: Request, status: int, key: str) -> Response:
    said = text(f"problem_{key}", language_of(request))
    return JSONResponse({"code": key, "detail": said}, status)


def _said(request: Request, status: int, code: str, said: str) -> Response:
    if _wants_json(request):
        return JSONResponse({"code": code, "detail": said}, status)
    for name in ("access", "session"):
        if not hasattr(request.state, name):
            setattr(request.state, name, None)
    return page(request, "problem.html", status=status, problem_text=said)

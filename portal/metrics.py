"""`/metrics` for Prometheus: not there at all unless a token has been set, closed without it."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from portal.access.authorisation import AccessDeniedError, public
from portal.web import portal_of
from warehouse.published.metrics import Metrics, exposition

router = APIRouter()


@router.get("/metrics")
@public
def metrics(request: Request) -> Response:
    """What `mvd metrics` prints, for whoever holds the token of `MVD_PORTAL_METRICS_TOKEN_FILE`."""
    portal = portal_of(request)
    token = portal.settings.metrics_token
    if not token:
        raise AccessDeniedError(hidden=True)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), token.encode()):
        return Response(status_code=401, headers={"www-authenticate": "Bearer"})
    services = portal.services
    said = exposition(Metrics(services.home, services.ledger, services.contracts))
    return Response(said, media_type=CONTENT_TYPE_LATEST)

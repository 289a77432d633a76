"""`/health`: for load balancers, `mvd health` and whoever is on duty."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from portal.access.authorisation import public
from portal.health import as_json, look
from portal.web import portal_of

router = APIRouter()


@router.get("/health")
@public
def health(request: Request) -> Response:
    """200 when files that come in are judged at once; 503 while warming or failing."""
    found = look(portal_of(request))
    return JSONResponse(as_json(found), 200 if found.status == "ready" else 503)

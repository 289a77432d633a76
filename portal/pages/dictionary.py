"""What every indicator and form means, for whoever follows a link from a figure."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from portal.access.authorisation import public
from portal.guards.parameters import Code
from portal.render import page
from portal.web import language_of, portal_of
from warehouse.published.claims.verdicts import released_verdicts
from warehouse.published.dictionary.page import Page
from warehouse.published.dictionary.pages import Dictionary

router = APIRouter(prefix="/dictionary")


@router.get("")
@public
def index(request: Request) -> Response:
    """All forms and indicators."""
    book = _book(request)
    return _shown(request, [book.forms(), book.indicators()])


@router.get("/indicators/{code}")
@public
def indicator(request: Request, code: Code) -> Response:
    """One indicator."""
    if code not in portal_of(request).services.contracts.indicators:
        raise HTTPException(404)
    return _shown(request, [_book(request).indicator(code)])


@router.get("/forms/{code}")
@public
def form(request: Request, code: Code) -> Response:
    """One form."""
    if code not in portal_of(request).services.contracts.forms:
        raise HTTPException(404)
    return _shown(request, [_book(request).form(code)])


def _book(request: Request) -> Dictionary:
    services = portal_of(request).services
    verdicts = released_verdicts(services.home)
    return Dictionary(services.contracts, language_of(request), verdicts)


def _shown(request: Request, pages: list[Page]) -> Response:
    return page(request, "dictionary.html", pages=pages)

"""Blank forms to download."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from portal.access.authorisation import needs
from portal.guards.parameters import Form, OptionalKato, OptionalPeriod, PeriodQuery
from portal.pages.answers import XLSX, attachment
from portal.pages.period import present_period
from portal.render import page
from portal.web import desk_of, portal_of
from warehouse.core.clock import utc_now

router = APIRouter()


@router.get("/templates")
@needs("template.download")
def templates(
    request: Request, period: OptionalPeriod = "", territory: OptionalKato = ""
) -> Response:
    """The forms of a period, each with a blank for a territory."""
    desk, services = desk_of(request), portal_of(request).services
    period = period or present_period(utc_now().date())
    return page(
        request,
        "templates.html",
        period=period,
        territories=desk.template_territories(period),
        chosen=territory or desk.access.territory or "",
        forms=desk.forms_in(period),
        is_official={form.code: not form.is_table for form in services.contracts.forms.values()},
    )


@router.get("/templates/{form}")
@needs("template.download")
def template(
    request: Request, form: Form, period: PeriodQuery, territory: OptionalKato = ""
) -> Response:
    """One blank form with the rows of the territory."""
    desk = desk_of(request)
    territory = territory or desk.access.territory or ""
    content = desk.template(form, territory, period)
    return attachment(content, f"{form} {territory} {period}.xlsx", XLSX)

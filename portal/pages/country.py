"""The ministry's view: all units by form; locks, exceptions."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from portal.access.authorisation import needs
from portal.exports import csv_file
from portal.guards.bodies import takes
from portal.guards.parameters import Period
from portal.pages.answers import attachment, to
from portal.pages.period import neighbour
from portal.problems import PortalError
from portal.render import demonstration_mark, form_name, moment, page, territory_name
from portal.texts import text
from portal.web import desk_of, field_of, form_of, language_of, portal_of
from warehouse.core.clock import utc_now

router = APIRouter()
_LONGEST_EXCEPTION_HOURS = 24 * 14


@router.get("/country/{period}")
@needs("country.view")
def country(request: Request, period: Period) -> Response:
    """Who has sent what."""
    desk = desk_of(request)
    found = desk.country(period)
    return page(
        request,
        "country.html",
        period=period,
        before=neighbour(period, -1),
        after=neighbour(period, 1),
        forms=list(dict.fromkeys(duty.form for duty in found)),
        territories=list(dict.fromkeys(duty.territory for duty in found)),
        cells={(duty.territory, duty.form): duty for duty in found},
        counts=Counter(duty.state for duty in found),
        locks={lock.form_code: lock for lock in desk.locks(period)},
        exceptions=desk.exceptions(period),
        now=utc_now(),
    )


@router.get("/country/{period}/table")
@needs("country.view")
def country_csv(request: Request, period: Period) -> Response:
    """The same as CSV."""
    desk, language = desk_of(request), language_of(request)
    services = portal_of(request).services
    names = ("kato", "territory", "form", "name", "state", "received", "deadline")
    rows = [
        (
            duty.territory,
            territory_name(services, duty.territory, language),
            duty.form,
            form_name(services, duty.form, language),
            text(f"state_{duty.state}", language),
            moment(duty.latest.received_at) if duty.latest else None,
            moment(duty.deadline),
        )
        for duty in desk.country(period)
    ]
    heads = [text(f"col_{name}", language) for name in names]
    content = csv_file(heads, rows, demonstration_mark(request))
    return attachment(content, f"{period}.csv", "text/csv")


@router.post("/country/{period}/locks")
@needs("period.lock")
@takes("text")
def lock(request: Request, period: Period) -> Response:
    """Close the chosen forms, or open them again."""
    forms = [value for value in form_of(request).getlist("forms") if isinstance(value, str)]
    is_locked = field_of(request, "action") != "unlock"
    reason = field_of(request, "reason")
    desk_of(request).set_locks(forms, period, is_locked=is_locked, reason=reason)
    return to(f"/country/{period}", done="locked" if is_locked else "unlocked")


@router.post("/country/{period}/exceptions")
@needs("exception.grant")
@takes("text")
def grant(request: Request, period: Period) -> Response:
    """Let one unit send for some hours although the period is closed."""
    hours = field_of(request, "hours")
    if not hours.isascii() or not hours.isdecimal() or len(hours) > len("1000"):
        raise PortalError("hours_malformed", hours=_LONGEST_EXCEPTION_HOURS)
    if not 1 <= int(hours) <= _LONGEST_EXCEPTION_HOURS:
        raise PortalError("hours_malformed", hours=_LONGEST_EXCEPTION_HOURS)
    desk_of(request).grant_exception(
        field_of(request, "form"),
        field_of(request, "territory"),
        period,
        valid_until=utc_now() + timedelta(hours=int(hours)),
        reason=field_of(request, "reason"),
    )
    return to(f"/country/{period}", done="granted")

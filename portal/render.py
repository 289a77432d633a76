"""Pages out of templates: texts, dates and figures in the reader's language, all else escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ingestion.request import Services
from portal.guards.parameters import LONGEST_LINK
from portal.texts import has_text, month_name, text
from portal.web import (
    CSRF_FIELD,
    cookie_settings,
    csrf_of,
    language_of,
    new_form_secret,
    portal_of,
)
from warehouse.core.clock import on_clock
from warehouse.core.texts import LANGUAGES, Language

_NBSP = "\u00a0"
# Control characters but for tab and line breaks; marks that change the direction of writing.
_MISLEADING = dict.fromkeys(
    (
        *(set(range(0x20)) - {0x09, 0x0A, 0x0D}),
        *range(0x7F, 0xA0),
        *(0x061C, 0x200E, 0x200F),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ),
    "\N{REPLACEMENT CHARACTER}",
)


@cache
def _environment() -> Environment:
    folder = str(files("portal").joinpath("templates"))
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        finalize=legible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def legible(value: Any) -> Any:
    """A text with a replacement character for each that would turn or hide the words beside it."""
    # Markup stays markup: it translates itself.
    return value.translate(_MISLEADING) if isinstance(value, str) else value


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """An HTML page; sets the cookie that guards the forms of people who are not signed in."""
    portal, language = portal_of(request), language_of(request)
    is_signed_in = request.state.session is not None
    csrf = csrf_of(request) if is_signed_in else new_form_secret(request)
    content = (
        _environment()
        .get_template(template)
        .render(
            t=partial(_text, language=language),
            has_text=has_text,
            language=language,
            languages=LANGUAGES,
            access=request.state.access,
            csrf=csrf,
            csrf_field=CSRF_FIELD,
            here=_here(request),
            said=_said(request),
            is_demonstration=portal.services.ledger.is_demonstration(),
            moment=partial(moment, hours=portal.services.contracts.calendar.timezone_hours),
            number=number,
            month=partial(month_name, language=language),
            territory=partial(territory_name, portal.services, language=language),
            form_name=partial(form_name, portal.services, language=language),
            form_title=partial(form_title, portal.services, language=language),
            **values,
        )
    )
    answer = HTMLResponse(content, status, headers)
    if not is_signed_in:
        answer.set_cookie(portal.form_cookie, csrf, **cookie_settings(request))
    return answer


def demonstration_mark(request: Request) -> tuple[str, str] | None:
    """The column that says of a table that there are made-up reports here; None elsewhere."""
    if not portal_of(request).services.ledger.is_demonstration():
        return None
    language = language_of(request)
    return text("demonstration", language), text("marked", language)


def _text(key: str, /, language: Language, **params: Any) -> str:
    return text(key, language, **params)


def _here(request: Request) -> str:
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    here = f"{path}?{query}" if query else path
    return here if len(here) <= LONGEST_LINK else "/"


def _said(request: Request) -> str | None:
    """What the page before has done; only texts of ours can be asked for."""
    key = f"done_{request.query_params.get('done', '')}"
    return key if has_text(key) else None


def moment(value: datetime | None, hours: int = 5) -> str:
    """Day and time on the clock of the country; empty for none."""
    return on_clock(value, hours) if value else ""


def number(value: float | None, signed: bool = False) -> str:
    """A figure with spaces between thousands and a comma; an en dash for none."""
    if value is None:
        return "–"
    shown = f"{value:+,.10g}" if signed else f"{value:,.10g}"
    return shown.replace(",", _NBSP).replace(".", ",").replace("-", "\u2212")


def territory_name(services: Services, kato: str, language: Language) -> str:
    """The territory's name; the code itself when it is unknown."""
    territories = services.contracts.territories
    return territories.label(kato, language) if kato in territories else kato


def form_name(services: Services, code: str, language: Language) -> str:
    """The form's name; the code itself when it is unknown."""
    form = services.contracts.forms.get(code)
    return form.name.text(language) if form else code


def form_title(services: Services, code: str, language: Language) -> str:
    """The form's name without what its code says already: the words in its quotation marks."""
    name = form_name(services, code, language)
    _, opened, rest = name.partition("«")
    return rest.rpartition("»")[0] or name if opened else name

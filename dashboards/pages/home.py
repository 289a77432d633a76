"""The home page: the dashboards of the reader's language and role, the release, who reported.

It stands in place of Superset's welcome page, so signing in leads here.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, request, session
from sqlalchemy.exc import SQLAlchemyError

from dashboards.access import NoAccessError, region_of, rules
from dashboards.cells.numbers import moment
from dashboards.compile.assets import short_form, short_forms
from dashboards.compile.bundle import PORTAL_URL, dashboards
from dashboards.data import release_pin
from dashboards.data.release_pin import NoReleaseError, release
from dashboards.names import forms, texts_in
from dashboards.pages import theme
from dashboards.pages.language import DEFAULT, LANGUAGES

_FOLDER = Path(__file__).parents[1]
_WELCOME = ("/superset/welcome", "/superset/welcome/")
_COUNTRY = "000000000"
# The last month of each form: a form that nobody has sent since says so by its month.
_REPORTED = """
select coverage.form_code, coverage.accepted_units, coverage.expected_units,
    coverage.period_month,
    territories.name_{language} as territory,
    periods.month_name_{language} || ' ' || periods.year_number as month,
    released.release_id, released.published_at, latest.received_at as as_of
from marts.rpt_coverage as coverage
inner join marts.dim_territory as territories using (territory_kato)
inner join marts.dim_period as periods using (period_month)
cross join marts.release as released
cross join (
    select max(received_at_max) as received_at
    from marts.rpt_coverage
    where territory_kato = :territory
) as latest
where coverage.territory_kato = :territory and coverage.expected_units > 0
qualify coverage.period_month
    = max(coverage.period_month) over (partition by coverage.form_code)
"""

Texts = Mapping[str, str]
log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Answer at `/`, and send there whoever asks for Superset's own welcome page."""
    from superset import appbuilder

    if link := appbuilder.menu.find("Home"):
        link.href = "/"

    @app.before_request
    def welcome() -> Any:
        from flask_login import current_user

        # Superset leads whoever has not signed in from its welcome page to the sign-in page.
        if request.path not in ("/", *_WELCOME) or not current_user.is_authenticated:
            return None
        if request.path in _WELCOME:
            return redirect("/")
        return Response(_page(current_user), headers={"Cache-Control": "no-store"})


def _page(user: Any) -> str:
    spoken = session.get("locale", DEFAULT)
    spoken = spoken if spoken in LANGUAGES else DEFAULT
    say = texts(spoken)
    held = [role.name for role in user.roles]
    state, problem, is_demonstration = None, "", False
    try:
        is_demonstration = release_pin.is_demonstration()
        state = _state(spoken, region_of(held), say)
    except NoAccessError:
        problem = say["no_access"]
    except NoReleaseError:
        problem = say["no_release"]
    except SQLAlchemyError:
        # A release that is older than these tables; its dashboards open all the same.
        log.warning("who reported is not told", exc_info=True)
    return str(
        _template().render(
            language=spoken,
            languages=LANGUAGES,
            say=say,
            name=theme.NAME,
            logo=theme.LOGO,
            user=user.get_full_name().strip() or user.username,
            state=state,
            problem=problem,
            is_demonstration=is_demonstration,
            dashboards=list(shown(held, spoken)),
            links=list(links(held, say)),
        )
    )


def texts(language: str) -> dict[str, str]:
    """The words of the page by key."""
    return texts_in("home", language)


def shown(role_names: list[str], language: str) -> Iterator[dict[str, str]]:
    """The dashboards that a role sees, in its language: slug, title, description, in order."""
    known = language if language != "en" else DEFAULT
    for dashboard in dashboards():
        if set(dashboard["audience"]) & set(role_names):
            yield {
                "slug": dashboard["slug"] if known == "ru" else f"{dashboard['slug']}-{known}",
                "title": dashboard["title"][known],
                "description": dashboard["description"][known],
            }


def links(role_names: list[str], say: Texts) -> Iterator[dict[str, str]]:
    """What else a role may open: `address` and `title`."""
    held = [rules().roles[name] for name in role_names if name in rules().roles]
    dictionary = os.environ.get("MVD_DICTIONARY_URL", PORTAL_URL).rstrip("/")
    places = [("/dashboard/list/", "all"), (f"{dictionary}/dictionary", "dictionary")]
    if any(role.sql for role in held):
        places += [
            ("/sqllab/", "sql"),
            ("/savedqueryview/list/", "saved"),
            ("/chart/list/", "charts"),
            ("/report/list/", "letters"),
        ]
    if any(role.administrator for role in held):
        places.append(("/users/", "people"))
    for address, key in places:
        yield {"address": address, "title": say[key]}


def _state(language: str, region: str, say: Texts) -> dict[str, Any]:
    """The release in force and what was received for its latest month."""
    rows = _reported(language, region or _COUNTRY)
    if not rows:
        return {"release": release(), "as_of": "", "forms": []}
    first = max(rows, key=lambda row: row["period_month"])
    order = list(short_forms())
    return {
        "release": say["release"].format(
            release=first["release_id"], published=moment(first["published_at"])
        ),
        "as_of": say["as_of"].format(moment=moment(first["as_of"])) if first["as_of"] else "",
        "month": say["month"].format(month=first["month"], territory=first["territory"]),
        "forms": [
            _form(row, language, say, month=first["period_month"])
            for row in sorted(rows, key=lambda row: order.index(row["form_code"]))
        ],
    }


def _form(row: Mapping[str, Any], language: str, say: Texts, *, month: date) -> dict[str, str]:
    """What was received of a form, with its month where that is not the `month` of the heading."""
    accepted, expected, code = row["accepted_units"], row["expected_units"], row["form_code"]
    known = language if language != "en" else DEFAULT
    return {
        "name": short_form(code, known),
        "title": forms()[code][known],
        "accepted": say["accepted"].format(accepted=accepted, expected=expected),
        "month": "" if row["period_month"] == month else row["month"],
        "look": "" if accepted == expected else "partial" if accepted else "none",
    }


def _reported(language: str, territory: str) -> list[dict[str, Any]]:
    """Asked like a chart asks: of the release in force, with the rights of the user."""
    from sqlalchemy import text
    from superset.extensions import db
    from superset.models.core import Database

    from dashboards.database import DATABASE_UUID

    names = language if language != "en" else DEFAULT
    question = text(_REPORTED.format(language=names))
    database = db.session.query(Database).filter_by(uuid=DATABASE_UUID).one()
    with database.get_sqla_engine() as engine, engine.connect() as connection:
        return [dict(row) for row in connection.execute(question, {"territory": territory})]


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader

    places = FileSystemLoader(_FOLDER / "templates")
    return Environment(loader=places, autoescape=True).get_template("home.html")

"""What is added to Superset's web application."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import Any

from flask import Flask, abort, request, send_file
from flask_appbuilder.validators import PasswordComplexityValidationError

from dashboards.compile.map_names import DISTRICTS_ADDRESS
from dashboards.data import query_log, release_pin
from dashboards.database import USER_AGENT
from dashboards.names import in_both
from dashboards.pages import home, language
from dashboards.paths import CONTRACTS, here
from dashboards.superset import patches


def user_agent(*_: Any) -> str:
    """USER_AGENT_FUNC: one for everybody."""
    return USER_AGENT


def extend(app: Flask) -> None:
    """FLASK_APP_MUTATOR: texts before signing in, the home page, the release of a dashboard."""
    patches.install()
    language.register(app)
    home.register(app)
    app.add_url_rule(DISTRICTS_ADDRESS, view_func=_borders_of_districts)
    app.after_request(release_pin.pin)
    app.after_request(query_log.remember)
    app.after_request(_no_store)
    app.after_request(_mark_as_utf8)


def _no_store(response: Any) -> Any:
    """Figures stay out of the browser's files."""
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _borders_of_districts() -> Any:
    """Names, codes and borders, no figures: for whoever is signed in."""
    from flask_login import current_user

    if not current_user.is_authenticated:
        abort(401)
    if not here().borders.exists():
        abort(404)
    return send_file(here().borders, mimetype="application/json", max_age=0)


def _mark_as_utf8(response: Any) -> Any:
    """Excel takes a CSV without this mark for Latin letters; Superset sets it in some answers."""
    if response.mimetype == "text/csv" and not response.is_streamed:
        text = response.get_data()
        if not text.startswith(BOM_UTF8):
            response.set_data(BOM_UTF8 + text)
    return response


def refuse_weak_password(password: str) -> None:
    """The rules of `contracts/accounts.yml`; PasswordComplexityValidationError says which."""
    import yaml

    rules = yaml.safe_load((CONTRACTS / "accounts.yml").read_text(encoding="utf-8"))["passwords"]
    if not rules["min_length"] <= len(password) <= rules["max_length"]:
        raise PasswordComplexityValidationError(
            in_both("password_length", fewest=rules["min_length"])
        )
    too_plain = len(set(password)) < rules["min_different"]
    if too_plain or password.lower() in rules["common"]:
        raise PasswordComplexityValidationError(in_both("password_guessable"))

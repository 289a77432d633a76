"""Superset's configuration: what differs from its own defaults, and why.

Superset finds it through SUPERSET_CONFIG_PATH, which `python -m dashboards` sets.
"""

from __future__ import annotations

import logging
import os
import shutil
from datetime import timedelta
from typing import Any

# Superset's own settings are complete when it reads these.
from superset.config import THEME_DEFAULT as _USUAL_THEME

from dashboards.data import connections, statements
from dashboards.pages import language, letters, theme
from dashboards.paths import here
from dashboards.superset import hooks, journal, mail, metadata
from dashboards.superset.security import DashboardSecurityManager

_PLACE = here()
_PORT = _PLACE.port.read_text(encoding="utf-8") if _PLACE.port.exists() else "8088"

LOG_LEVEL = logging.WARNING
SECRET_KEY = _PLACE.secret("secret")
GUEST_TOKEN_JWT_SECRET = _PLACE.secret("guest")
SQLALCHEMY_DATABASE_URI = _PLACE.database_url
metadata.write_behind()
EVENT_LOGGER = journal.Journal()

# Who is who
CUSTOM_SECURITY_MANAGER = DashboardSecurityManager
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "10 per minute"
RATELIMIT_ENABLED = True
RATELIMIT_APPLICATION = "200 per second"
# One server process answers, so the counts may stay in its memory.
RATELIMIT_STORAGE_URI = "memory://"
FAB_PASSWORD_COMPLEXITY_ENABLED = True
FAB_PASSWORD_COMPLEXITY_VALIDATOR = hooks.refuse_weak_password
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = os.environ.get("MVD_SUPERSET_HTTPS") == "1"
PERMANENT_SESSION_LIFETIME = timedelta(hours=10)
ENABLE_PROXY_FIX = SESSION_COOKIE_SECURE
FAB_API_SWAGGER_UI = False

# What reaches the data
DB_CONNECTION_MUTATOR = connections.connect_to_release
SQL_QUERY_MUTATOR = statements.allow_one_select
MUTATE_AFTER_SPLIT = False
MUTATE_ALERT_QUERY = True
# `statements` refuses more than these, and says so in words.
DISALLOWED_SQL_FUNCTIONS: dict[str, set[str]] = {}
# The same for every user: connections of one process to one file must be configured alike.
USER_AGENT_FUNC = hooks.user_agent
PREVENT_UNSAFE_DB_CONNECTIONS = True
ROW_LIMIT = 50_000
SQL_MAX_ROW = 100_000
SQLLAB_TIMEOUT = 30
FLASK_APP_MUTATOR = hooks.extend

# Answers are kept by release and region (see `security`), so none is ever out of date.
_CACHE = {
    "CACHE_TYPE": "FileSystemCache",
    "CACHE_THRESHOLD": 20_000,
    "CACHE_OPTIONS": {"mode": 0o600},
}


def _cache(name: str, days: int) -> dict[str, Any]:
    seconds = int(timedelta(days=days).total_seconds())
    return {**_CACHE, "CACHE_DIR": str(_PLACE.cache / name), "CACHE_DEFAULT_TIMEOUT": seconds}


CACHE_CONFIG = _cache("pages", 1)
DATA_CACHE_CONFIG = _cache("data", 2)
FILTER_STATE_CACHE_CONFIG = {**_cache("filters", 30), "REFRESH_TIMEOUT_ON_RETRIEVAL": True}
EXPLORE_FORM_DATA_CACHE_CONFIG = {**_cache("explore", 7), "REFRESH_TIMEOUT_ON_RETRIEVAL": True}

# Language and look
LANGUAGES = language.LANGUAGES
BABEL_DEFAULT_LOCALE = language.DEFAULT
BABEL_TRANSLATION_DIRECTORIES = language.compile_into(_PLACE.root / "translations")
COMMON_BOOTSTRAP_OVERRIDES_FUNC = language.formats
D3_FORMAT = language.NUMBERS
D3_TIME_FORMAT = language.DATES[language.DEFAULT]
CURRENCIES = ["KZT"]
APP_NAME = theme.NAME
APP_ICON = theme.LOGO
THEME_DEFAULT = theme.theme(_USUAL_THEME)
THEME_DARK = None
LOGO_TARGET_PATH = "/"
ENABLE_UI_THEME_ADMINISTRATION = False

FEATURE_FLAGS = {
    "ALERT_REPORTS": True,
    "ALLOW_ADHOC_SUBQUERY": False,
    "DASHBOARD_RBAC": True,
    "DRILL_BY": True,
    "EMBEDDABLE_CHARTS": False,
    "ENABLE_TEMPLATE_PROCESSING": False,
    "ESCAPE_MARKDOWN_HTML": False,
}

# Nothing is fetched from, and nothing is told to, another host.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": SESSION_COOKIE_SECURE,
}

# Downloads that Excel opens with Cyrillic letters intact.
CSV_EXPORT = {"encoding": "utf-8-sig"}

# Letters by schedule (`python -m dashboards reports`), without Celery.
ALERT_REPORTS_NOTIFICATION_DRY_RUN = False
_MAIL = mail.settings(os.environ)
SMTP_HOST, SMTP_PORT, SMTP_STARTTLS = _MAIL.host, _MAIL.port, _MAIL.starttls
SMTP_USER, SMTP_PASSWORD, SMTP_MAIL_FROM = _MAIL.user, _MAIL.password, _MAIL.sender
EMAIL_REPORTS_SUBJECT_PREFIX = ""
EMAIL_HEADER_MUTATOR = letters.as_excel
WEBDRIVER_TYPE = "chrome"
# Named, so that nothing looks for a driver on the internet.
WEBDRIVER_CONFIGURATION = {
    "options": {"capabilities": {}, "preferences": {}},
    "service": {
        "executable_path": shutil.which("chromedriver") or "/usr/bin/chromedriver",
        "log_output": "/dev/null",
        "service_args": [],
        "port": 0,
        "env": {},
    },
}
WEBDRIVER_OPTION_ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
WEBDRIVER_BASEURL = f"http://127.0.0.1:{_PORT}/"
WEBDRIVER_BASEURL_USER_FRIENDLY = os.environ.get("MVD_SUPERSET_URL", WEBDRIVER_BASEURL)

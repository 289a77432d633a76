"""Languages of the interface: which there are, how numbers and dates look, where texts come from.

Superset has no Kazakh catalogue and gaps in the Russian one. Ours in `translations/` are laid over
its own when the server starts; no file of the installed package is touched.
"""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, session

from dashboards.names import texts_in

DEFAULT = "ru"
LANGUAGES = {
    "ru": {"flag": "ru", "name": "Русский"},
    "kk": {"flag": "kz", "name": "Қазақша"},
    "en": {"flag": "us", "name": "English"},
}
NUMBERS = {
    "decimal": ",",
    "thousands": "\N{NO-BREAK SPACE}",
    "grouping": [3],
    "currency": ["", "\N{NO-BREAK SPACE}₸"],
}
TRANSLATIONS = Path(__file__).parents[1] / "translations"
_PACK_SECONDS = 3600

_RU_DAYS = "воскресенье понедельник вторник среда четверг пятница суббота"
_KK_DAYS = "жексенбі дүйсенбі сейсенбі сәрсенбі бейсенбі жұма сенбі"


def _dates(language: str, days: str, short_days: str) -> dict[str, Any]:
    names = texts_in("months", language)
    months = [names[f"{month:02}"] for month in range(1, 13)]
    return {
        "dateTime": "%d.%m.%Y %H:%M",
        "date": "%d.%m.%Y",
        "time": "%H:%M:%S",
        "periods": ["", ""],
        "days": days.split(),
        "shortDays": short_days.split(),
        "months": months,
        "shortMonths": [month[:3] for month in months],
    }


DATES = {
    "ru": _dates("ru", _RU_DAYS, "вс пн вт ср чт пт сб"),
    "kk": _dates("kk", _KK_DAYS, "жс дс сс ср бс жм сб"),
}


def formats(payload: dict[str, Any]) -> dict[str, Any]:
    """COMMON_BOOTSTRAP_OVERRIDES_FUNC: dates in the language of the page."""
    spoken = payload.get("locale")
    return {"d3_time_format": DATES[spoken]} if spoken in DATES else {}


def compile_into(folder: Path) -> str:
    """Write our texts in the form that the server reads; the setting that names both places."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for source in TRANSLATIONS.glob("*.po"):
        target = folder / source.stem / "LC_MESSAGES" / "messages.mo"
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.stem)
        temporary = target.with_name(f"messages-{os.getpid()}")
        with temporary.open("wb") as written:
            write_mo(written, catalogue)
        temporary.replace(target)
    return f"translations;{folder}"


def register(app: Flask) -> None:
    """Serve the catalogues of texts, to whoever is about to sign in too."""
    app.wsgi_app = _with_packs(app.wsgi_app)

    @app.before_request
    def speak() -> None:
        session.setdefault("locale", DEFAULT)
        # From a choice of language one is led to the page before: that may be another such choice.
        if request.path.startswith("/lang/"):
            session.pop("page_history", None)


def _with_packs(application: Any) -> Any:
    """The application behind its catalogues, which are the same for all and need no session.

    Every page waits for one, and a browser keeps no answer that depends on a session.
    """

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        prefix, _, spoken = environ.get("PATH_INFO", "").rstrip("/").rpartition("/")
        if prefix != "/superset/language_pack" or spoken not in LANGUAGES:
            return application(environ, start_response)
        can_unpack = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
        answer = Response(
            _packed(spoken) if can_unpack else pack(spoken),
            mimetype="application/json",
            headers={"Content-Encoding": "gzip"} if can_unpack else {},
        )
        answer.headers["Cache-Control"] = f"private, max-age={_PACK_SECONDS}"
        answer.headers["Vary"] = "Accept-Encoding"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer(environ, start_response)

    return serve


@cache
def _packed(spoken: str) -> bytes:
    return gzip.compress(pack(spoken).encode(), mtime=0)


@cache
def pack(spoken: str) -> str:
    """The frontend's catalogue in Jed form: Superset's own, ours laid over it."""
    from superset.translations.utils import get_language_pack

    has_own = (Path(str(files("superset"))) / "translations" / spoken).is_dir()
    found = get_language_pack(spoken) if has_own else {}
    ours = _own_texts(spoken)
    if not ours:
        return json.dumps(found)
    texts = dict((found.get("locale_data") or {}).get("superset", {}))
    head = {"domain": "superset", "lang": spoken, "plural_forms": _plural_forms(spoken)}
    texts = {**texts, "": head, **ours}
    return json.dumps({"domain": "superset", "locale_data": {"superset": texts}})


def _plural_forms(spoken: str) -> str:
    return {
        "ru": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 &&"
        " (n%100<10 || n%100>=20) ? 1 : 2);",
    }.get(spoken, "nplurals=2; plural=(n != 1);")


def _own_texts(spoken: str) -> dict[str, list[str]]:
    from babel.messages.pofile import read_po

    path = TRANSLATIONS / f"{spoken}.po"
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file, locale=spoken)
    texts: dict[str, list[str]] = {}
    for message in catalogue:
        if message.id and message.string and not message.fuzzy:
            first = message.id if isinstance(message.id, str) else message.id[0]
            forms = message.string
            texts[first] = [forms] if isinstance(forms, str) else list(forms)
    return texts

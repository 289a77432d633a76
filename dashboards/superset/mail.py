"""The mail server of the letters, from `MVD_SMTP_*`: the settings of the departments' desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dashboards.names import SPOKEN, texts

PREFIX = "MVD_SMTP_"
RENAMED = {f"{PREFIX}FROM": f"{PREFIX}SENDER", f"{PREFIX}PASSWORD": f"{PREFIX}PASSWORD_FILE"}
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed in, and in whose name."""

    host: str
    port: int
    starttls: bool
    user: str
    password: str
    sender: str


def settings(environment: Mapping[str, str]) -> MailServer:
    """The mail server of an environment. ValueError for a setting under its old name."""
    for old, new in RENAMED.items():
        if environment.get(old):
            told = texts("errors")["SETTING_RENAMED"]
            names = {"variable": old, "new": new}
            raise ValueError(" / ".join(told[spoken].format(**names) for spoken in SPOKEN))
    given = {
        name.removeprefix(PREFIX): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    file = given.get("PASSWORD_FILE")
    return MailServer(
        host=given.get("HOST") or "127.0.0.1",
        port=int(given.get("PORT") or 25),
        starttls=given.get("STARTTLS", "").lower() in _YES,
        user=given.get("USER", ""),
        password=Path(file).read_text(encoding="utf-8").strip() if file else "",
        sender=given.get("SENDER") or "mvd@localhost",
    )

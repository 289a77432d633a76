"""How Superset looks: the name and sign of the ministry's figures, one light theme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

NAME = "ҚР ІІМ · МВД РК"
_BLUE = "#123a63"
_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 190 24">'
    f'<path fill="{_BLUE}" d="M12 2 4 5v6c0 5 3.4 9.3 8 11 4.6-1.7 8-6 8-11V5z"/>'
    '<path stroke="#fff" stroke-width="1.8" stroke-linecap="round"'
    ' d="M8.5 15.5V12m3.5 3.5v-7m3.5 7V10"/>'
    f'<text x="28" y="17" font-family="Arial,sans-serif" font-size="14" fill="{_BLUE}">{NAME}'
    "</text></svg>"
)
LOGO = f"data:image/svg+xml,{quote(_LOGO)}"


def theme(usual: Mapping[str, Any]) -> dict[str, Any]:
    """Superset's own theme with our name, sign and colour."""
    token = {
        **usual["token"],
        "brandAppName": NAME,
        "brandLogoAlt": NAME,
        "brandLogoUrl": LOGO,
        "colorPrimary": "#1f6fb2",
        "colorLink": "#1f6fb2",
        # Two series need no buttons to choose all or the others, which know no Kazakh.
        "echartsOptionsOverrides": {"legend": {"selector": False}},
    }
    return {**usual, "token": token}

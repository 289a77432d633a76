"""The dashboards of the project as a Superset bundle."""

from __future__ import annotations


def expand() -> dict[str, str]:
    """Path inside the bundle → YAML text."""
    return {}


def audiences() -> dict[str, list[str]]:
    """Dashboard (uuid) → roles that see it."""
    return {}

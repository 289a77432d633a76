"""Addresses that are handed out."""

from portal.settings import PortalSettings


def enrolment_url(settings: PortalSettings, secret: str) -> str:
    """Where a one-time link leads."""
    return f"{settings.public_url}/enrol/{secret}"

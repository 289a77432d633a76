"""Run the portal under uvicorn."""

from __future__ import annotations

import os

import uvicorn

from ingestion.request import Services
from portal.app import create_app
from portal.settings import PortalSettings
from warehouse.settings import PREFIX, Settings


def serve(
    services: Services, settings: Settings, *, host: str | None = None, port: int | None = None
) -> None:
    """Serve until interrupted. The judges get the same installation through the environment."""
    os.environ[f"{PREFIX}HOME"] = str(settings.paths.root)
    os.environ[f"{PREFIX}LEDGER_URL"] = settings.ledger
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    desk = PortalSettings(**given)  # type: ignore[arg-type]
    uvicorn.run(
        create_app(desk, services),
        host=desk.host,
        port=desk.port,
        proxy_headers=True,
        forwarded_allow_ips=desk.trusted_proxies,
        server_header=False,
        log_level="warning",
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=32 * 1024,
    )

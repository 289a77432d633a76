"""Run the portal under uvicorn."""

from __future__ import annotations

from portal.judging.control import Judges
from portal.settings import PortalSettings
from warehouse.core.settings import PREFIX, Settings

_PORTAL_PREFIX = f"{PREFIX}PORTAL_"


def serve(settings: Settings, *, host: str | None = None, port: int | None = None) -> None:
    """Serve until interrupted. The judges get the same installation through the environment."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    desk = PortalSettings(**given)  # type: ignore[arg-type]
    judges = Judges(
        desk.judges,
        {
            f"{PREFIX}HOME": str(settings.paths.root),
            f"{_PORTAL_PREFIX}PORT": str(desk.port),
        },
    )
    # First of all: what the judges load takes longer than anything here.
    judges.start()
    try:
        _serve(settings, desk, judges)
    finally:
        judges.stop()


def _serve(settings: Settings, desk: PortalSettings, judges: Judges) -> None:
    import uvicorn

    from ingestion.request import Services
    from portal.app import create_app

    services = Services.open(settings)
    try:
        uvicorn.run(
            create_app(desk, services, judges=judges),
            host=desk.host,
            port=desk.port,
            proxy_headers=True,
            forwarded_allow_ips=desk.trusted_proxies,
            server_header=False,
            # Its lines go the way of all others. Requests have a line of ours: its own holds paths
            # and queries as they were sent, one-time links and all.
            log_config=None,
            log_level="info" if settings.log_format == "json" else "warning",
            access_log=False,
            timeout_keep_alive=15,
            # The other parser has no limit for headers, and nothing here is a web socket.
            http="h11",
            ws="none",
            h11_max_incomplete_event_size=32 * 1024,
        )
    finally:
        services.ledger.close()

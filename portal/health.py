"""How the portal is: can files come in, are they judged, is there room for them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal.judging.control import JudgesState
from portal.store.uploads import Queue
from warehouse.core.clock import utc_now
from warehouse.core.errors import UserError
from warehouse.core.paths import LEAST_FREE_BYTES
from warehouse.ledger import schema as t
from warehouse.ledger.database import reading
from warehouse.releases import catalogue
from warehouse.releases.completeness import Build, Completeness, completeness, latest_build

if TYPE_CHECKING:
    from portal.web import Portal

Status = Literal["ready", "warming", "failing"]


@dataclass(frozen=True, slots=True)
class Health:
    """What was found. `judges` is None where another process judges; without a ledger `queue`,
    `release` and the latest `build` are unknown, without its manifest its `completeness`."""

    is_ledger_reachable: bool
    judges: JudgesState | None
    queue: Queue | None
    free_bytes: int
    release: str | None
    released_at: datetime | None
    completeness: Completeness | None
    build: Build | None

    @property
    def has_room(self) -> bool:
        """Whether the disk takes what a busy day brings."""
        return self.free_bytes >= LEAST_FREE_BYTES

    @property
    def status(self) -> Status:
        """`warming`: files are kept, and judged as soon as the judges have loaded."""
        if not self.is_ledger_reachable or not self.has_room:
            return "failing"
        return "ready" if self.judges is None or self.judges.ready else "warming"


def look(portal: Portal) -> Health:
    """Look at everything, now."""
    home = portal.services.home
    place = next(p for p in (home.root, *home.root.parents) if p.exists())
    queue, release, released_at, compared, build = None, None, None, None, None
    try:
        queue = portal.uploads.queue()
        release = catalogue.current(home)
        released_at = _released_at(portal, release)
        compared = _completeness(portal)
        build = latest_build(portal.services.ledger)
        is_reachable = True
    except SQLAlchemyError:
        is_reachable = False
    return Health(
        is_ledger_reachable=is_reachable,
        judges=portal.judges.state if portal.judges else None,
        queue=queue,
        free_bytes=shutil.disk_usage(place).free,
        release=release,
        released_at=released_at,
        completeness=compared,
        build=build,
    )


def _completeness(portal: Portal) -> Completeness | None:
    """Of a release that can be read: whoever asks how the portal is shall get an answer."""
    try:
        return completeness(portal.services.home, portal.services.ledger, portal.services.contracts)
    except (OSError, ValueError, UserError):
        return None


def _released_at(portal: Portal, release_id: str | None) -> datetime | None:
    query = select(t.release.c.published_at).where(t.release.c.release_id == release_id)
    with reading(portal.services.ledger.engine) as connection:
        return connection.execute(query).scalar()


def as_json(health: Health) -> dict[str, object]:
    """For load balancers and people; tells nothing about anybody's data."""
    judges, queue, now = health.judges, health.queue, utc_now()
    at, compared, build = health.released_at, health.completeness, health.build
    return {
        "status": health.status,
        "ledger": {"is_reachable": health.is_ledger_reachable},
        "judges": judges
        and {"expected": judges.expected, "ready": judges.ready, "busy": judges.busy},
        "queue": queue
        and {
            "waiting": queue.waiting,
            "checking": queue.checking,
            "oldest_seconds": queue.oldest_at and round((now - queue.oldest_at).total_seconds()),
        },
        "disk": {"has_room": health.has_room, "free_bytes": health.free_bytes},
        "release": {
            "id": health.release,
            "age_seconds": at and round((now - at).total_seconds()),
            "missing": compared and len(compared.missing),
            "overtaken": compared and len(compared.overtaken),
            "left_out": compared and len(compared.left_out),
        },
        "build": build and {"id": build.release_id, "state": build.state},
    }

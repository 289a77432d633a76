"""After each release: published figures that it contradicts, and that the one before did not."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from dags.common import DEFAULTS, release, services, settings

log = logging.getLogger(__name__)


@dag(
    schedule=[release],
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    dagrun_timeout=timedelta(minutes=30),
    tags=["claims"],
    doc_md=__doc__,
)
def claims() -> None:
    """One comparison per release."""

    @task(inlets=[release])
    def compare(triggering_asset_events: Any = None) -> list[str]:
        """Claims newly contradicted; a notice names them."""
        from mvd.claim_watch import newly_contradicted
        from mvd.notices import send

        events = triggering_asset_events[release]
        release_id = events[-1].extra["release_id"]
        here = settings()
        with services() as opened:
            found = newly_contradicted(opened.home, release_id, here)
        log.info("release %s: newly contradicted claims %s", release_id, found)
        if found:
            send(here, "claims_contradicted", {"release_id": release_id, "claims": found})
        return found

    compare()


claims()

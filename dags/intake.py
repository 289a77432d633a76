"""Take in what waits in the inbox folder: files are judged in batches, the map is over batches."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from dags.common import DEFAULTS, INTAKE_POOL, inbox, services
from dags.lineage import tell_judged

log = logging.getLogger(__name__)


@dag(
    schedule=[inbox],
    max_active_runs=1,
    catchup=False,
    default_args=DEFAULTS,
    dagrun_timeout=timedelta(hours=6),
    tags=["intake"],
    doc_md=__doc__,
)
def intake() -> None:
    """Files that wait, then a verdict for each of them."""

    @task
    def list_batches() -> list[list[str]]:
        """Paths inside the inbox, twenty together."""
        from ingestion.intake.pickup import batches

        with services() as opened:
            return batches(opened)

    @task(pool=INTAKE_POOL, map_index_template="{{ files }}")
    def take_in(names: list[str], ti: Any = None) -> list[str | None]:
        """Judge one batch; gives the ids of its submissions."""
        from airflow.sdk import get_current_context

        from ingestion.intake.pickup import take_in as judge

        get_current_context()["files"] = f"{len(names)}: {names[0]} …"  # type: ignore[typeddict-unknown-key]
        with services() as opened:
            results = judge(opened, names)
            tell_judged(ti, opened.ledger, results)
        for result in results:
            log.info(
                "submission %s %s %s %s: %s, findings %d",
                result.submission_id,
                result.form,
                result.territory,
                result.period,
                result.outcome,
                len(result.findings),
            )
        return [result.submission_id for result in results]

    take_in.expand(names=list_batches())


intake()

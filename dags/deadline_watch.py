"""Remind before each deadline and name who is late after it, by the calendar of the contracts.

Every hour looks at the moments since the last run that succeeded, so that nothing is said twice
and an outage loses nothing.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import CronDataIntervalTimetable, dag, task

from dags.common import DEFAULTS, services, settings

log = logging.getLogger(__name__)


@dag(
    schedule=CronDataIntervalTimetable("5 * * * *", timezone="UTC"),
    start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    dagrun_timeout=timedelta(minutes=30),
    tags=["deadlines"],
    doc_md=__doc__,
)
def deadline_watch() -> None:
    """Expected, missing, late: one notice per form, period and moment."""

    @task
    def tell(
        data_interval_start: Any = None,
        data_interval_end: Any = None,
        prev_data_interval_end_success: Any = None,
    ) -> int:
        """Send what the calendar asks for in the interval; gives the number of notices."""
        from mvd.notices import send
        from warehouse.reporting.deadlines import notices

        since = prev_data_interval_end_success or data_interval_start
        with services() as opened:
            found = notices(opened.contracts, opened.ledger, since=since, until=data_interval_end)
        for notice in found:
            log.info(
                "%s %s %s: missing %s", notice.kind, notice.form, notice.period, notice.missing
            )
            send(settings(), notice.kind, asdict(notice))
        return len(found)

    tell()


deadline_watch()

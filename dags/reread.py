"""Read the originals of a month again by the present contracts.

Runs on the twentieth for the month before, so that what was corrected in the contracts since the
reports came in reaches them; for older months start a backfill of this DAG (one run per month),
with `territories` or `forms` in its configuration to narrow it. A judgement that comes out as
before changes nothing.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import CronDataIntervalTimetable, Param, dag, task

from dags.common import DEFAULTS, INTAKE_POOL, services
from dags.lineage import tell_judged

log = logging.getLogger(__name__)
_TOGETHER = 100


@dag(
    schedule=CronDataIntervalTimetable("0 1 20 * *", timezone="UTC"),
    start_date=pendulum.datetime(2015, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS | {"execution_timeout": timedelta(hours=1)},
    params={
        "territories": Param([], type="array", items={"type": "string"}, title="KATO; none is all"),
        "forms": Param([], type="array", items={"type": "string"}, title="Forms; none is all"),
    },
    tags=["backfill"],
    doc_md=__doc__,
)
def reread() -> None:
    """The interval of a run begins in the month that it is about."""

    @task
    def list_submissions(
        data_interval_start: Any = None, params: dict[str, Any] | None = None
    ) -> list[list[str]]:
        """Ids of the submissions of the month, a hundred together."""
        given = params or {}
        period = f"{data_interval_start:%Y-%m}"
        with services() as opened:
            ids = [
                submission.submission_id
                for submission in opened.ledger.submissions(period=period, state="judged")
                if not given["territories"] or submission.territory_kato in given["territories"]
                if not given["forms"] or submission.form_code in given["forms"]
            ]
        log.info("period %s: %d submissions", period, len(ids))
        return [ids[start : start + _TOGETHER] for start in range(0, len(ids), _TOGETHER)]

    @task(pool=INTAKE_POOL)
    def judge_again(ids: list[str], ti: Any = None) -> list[str]:
        """Judge them; gives the ids of those whose verdict is another one now."""
        from ingestion.intake.batch import judge_again as judge

        with services() as opened:
            wanted = set(ids)
            before = [s for s in opened.ledger.submissions() if s.submission_id in wanted]
            results = judge(opened, before)
            tell_judged(ti, opened.ledger, results)
        changed = [
            was.submission_id
            for was, now in zip(before, results, strict=True)
            if was.verdict != now.verdict
        ]
        log.info("%d submissions read again, other verdicts: %s", len(before), changed)
        return changed

    judge_again.expand(ids=list_submissions())


reread()

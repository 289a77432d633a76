"""After a rule has changed: show what it would do to past reports, ask, judge the quarantine again.

The preview writes nothing. It covers every judged report of the periods given; the replay concerns
those that were refused.
"""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from dags.approval import Approval
from dags.common import DEFAULTS, INTAKE_POOL, services, settings
from dags.lineage import tell_judged

log = logging.getLogger(__name__)
_TOGETHER = 100


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS | {"execution_timeout": timedelta(hours=1)},
    params={
        "first_period": Param("", type="string", pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$"),
        "last_period": Param("", type="string", pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$"),
    },
    tags=["quarantine"],
    doc_md=__doc__,
)
def replay() -> None:
    """Preview by batches, a decision, the replay."""

    @task
    def list_submissions(params: dict[str, Any] | None = None) -> list[list[str]]:
        """Ids of the judged submissions of the periods, a hundred together."""
        first, last = (params or {}).get("first_period"), (params or {}).get("last_period")
        with services() as opened:
            ids = [
                submission.submission_id
                for submission in opened.ledger.submissions(state="judged")
                if (not first or submission.period >= first)
                and (not last or submission.period <= last)
            ]
        return [ids[start : start + _TOGETHER] for start in range(0, len(ids), _TOGETHER)]

    @task(pool=INTAKE_POOL)
    def preview(ids: list[str], ti: Any = None) -> str:
        """What the present contracts would change; gives the path of the file that says it."""
        from ingestion.intake.preview import as_json, changes

        with services() as opened:
            wanted = set(ids)
            submissions = [s for s in opened.ledger.submissions() if s.submission_id in wanted]
            found = changes(opened, submissions)
        folder = settings().paths.root / "previews" / ti.run_id.replace(":", "-")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{ti.map_index:04d}.json"
        path.write_text(json.dumps(as_json(found), ensure_ascii=False, indent=1), encoding="utf-8")
        log.info("%d of %d submissions would change: %s", len(found), len(ids), path)
        return str(path)

    @task
    def summarise(paths: list[str]) -> str:
        """The counts, as text for the one who decides."""
        from pathlib import Path

        from ingestion.intake.preview import from_json, summary

        rows = [row for path in paths for row in json.loads(Path(path).read_text("utf-8"))]
        told = summary(from_json(rows))
        return f"```\n{json.dumps(told, ensure_ascii=False, indent=1)}\n```"

    approve = Approval(
        task_id="approve",
        subject="Judge the refused reports again by the present rules?",
        body="{{ ti.xcom_pull(task_ids='summarise') }}",
    )

    @task(pool=INTAKE_POOL)
    def judge_quarantine(ti: Any = None) -> list[str | None]:
        """Judge every refused report again; gives the ids of those now accepted."""
        from ingestion.intake.batch import replay as judge

        with services() as opened:
            results = judge(opened)
            tell_judged(ti, opened.ledger, results)
        for result in results:
            log.info("submission %s: %s", result.submission_id, result.verdict.value)
        return [result.submission_id for result in results if result.is_accepted]

    summary = summarise(preview.expand(ids=list_submissions()))  # type: ignore[arg-type]
    summary >> approve >> judge_quarantine()


replay()

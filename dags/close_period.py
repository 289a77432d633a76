"""Close a month: a person sees what is missing and decides; forms are locked, the release tagged.

A closed period takes no new versions but those for which the ministry grants an exception.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from dags.approval import Approval
from dags.common import DEFAULTS, WRITER_POOL, services

log = logging.getLogger(__name__)


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params={
        "period": Param("", type="string", pattern=r"^\d{4}-(0[1-9]|1[0-2])$", title="Period"),
        "forms": Param([], type="array", title="Forms; none means all", items={"type": "string"}),
        "reason": Param("final figures", type="string", title="Reason"),
    },
    render_template_as_native_obj=True,
    tags=["closing"],
    doc_md=__doc__,
)
def close_period() -> None:
    """Look, ask, freeze."""

    @task
    def look(params: dict[str, Any] | None = None) -> str:
        """What closing would freeze, as text for the one who decides."""
        from mvd.closing import look as state_of

        given = params or {}
        with services() as opened:
            state = state_of(opened, given["period"], given["forms"])
        lines = [
            f"- **{form.form}**: {form.reported} of {form.expected}"
            + (f", missing {', '.join(form.missing)}" if form.missing else "")
            + (", locked already" if form.is_locked else "")
            for form in state.forms
        ]
        release = state.release_id or "none"
        held = "holds" if state.is_released else "does NOT hold"
        compared = {
            "not in the release": state.missing,
            "in the release, but no longer in force": state.overtaken,
            "left out by the build": state.left_out,
        }
        named = [f"- {what}: {', '.join(names)}" for what, names in compared.items() if names]
        said = f"Release {release} {held} every accepted report."
        return "\n".join([said, *named, "", *lines])

    approve = Approval(
        task_id="approve",
        subject="Close {{ params.period }} as final?",
        body="{{ ti.xcom_pull(task_ids='look') }}",
    )

    @task(pool=WRITER_POOL, retries=20, retry_delay=timedelta(minutes=1))
    def freeze(params: dict[str, Any] | None = None, ti: Any = None) -> str:
        """Lock the forms and tag the release; waits by retrying while a build is on its way."""
        from mvd.closing import close

        given = params or {}
        answer = ti.xcom_pull(task_ids="approve") or {}
        by = (answer.get("responded_by_user") or {}).get("name")
        with services() as opened:
            tag = close(opened, given["period"], given["forms"], reason=given["reason"], by=by)
        log.info("period %s is closed: tag %s, by %s", given["period"], tag, by)
        return tag

    look() >> approve >> freeze()


close_period()

"""The PDF of a dashboard in a letter is printed by `dashboards.pages.printing`, tab by tab.

Why: Superset's own PDF is one picture of the first tab, in which no text can be searched.
Upstream: apache/superset#14056 (all tabs), apache/superset#43762 (text instead of a picture).
Test: tests/dashboards/test_letters.py.
To drop: when Superset prints all tabs as text.
"""

from __future__ import annotations

from typing import Any

from dashboards.pages import printing

MADE_FOR = {"apache-superset": "6.1.0"}


def install() -> None:
    """Let Superset print the dashboards that it sends."""
    from superset.commands.report.execute import BaseReportState

    picture = BaseReportState._get_pdf

    def pages(state: Any) -> bytes:
        schedule = state._report_schedule
        if schedule.dashboard is None:
            return bytes(picture(state))
        return printing.printed(state.get_dashboard_urls(), _reader(state), schedule.dashboard.slug)

    BaseReportState._get_pdf = pages


def _reader(state: Any) -> Any:
    """The account in whose name the letter is written."""
    from flask import current_app
    from superset import security_manager
    from superset.tasks.utils import get_executor

    executors = current_app.config["ALERT_REPORTS_EXECUTORS"]
    _, name = get_executor(executors=executors, model=state._report_schedule)
    return security_manager.find_user(name)

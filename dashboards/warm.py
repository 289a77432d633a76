"""Ask every chart of the dashboards once, as somebody who sees the country."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Warmed:
    """How many charts answered, and which did not."""

    answered: int = 0
    failed: tuple[str, ...] = ()


def ask_all() -> Warmed:
    """Ask the charts of the project's dashboards; their answers are kept for this release."""
    from superset import security_manager as manager
    from superset.commands.chart.warm_up_cache import ChartWarmUpCacheCommand
    from superset.extensions import db
    from superset.models.dashboard import Dashboard
    from superset.utils.core import override_user

    from dashboards.accounts import ADMINISTRATOR

    result = Warmed()
    with override_user(manager.find_user(username=ADMINISTRATOR)):
        managed = db.session.query(Dashboard).filter(Dashboard.is_managed_externally)
        pairs = [(d.id, chart.id, chart.slice_name) for d in managed for chart in d.slices]
        for dashboard, chart, name in pairs:
            answer = ChartWarmUpCacheCommand(chart, dashboard, None).run()
            if answer.get("viz_error"):
                result.failed += (name,)
            else:
                result.answered += 1
    db.session.remove()
    return result

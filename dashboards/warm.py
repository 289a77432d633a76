"""Ask every chart of the dashboards once, as somebody who sees the country."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass


@dataclass(slots=True)
class Warmed:
    """How many charts answered, and which did not."""

    answered: int = 0
    failed: tuple[str, ...] = ()


def write_region_files(release: str) -> None:
    """Files for the regions whose people have accounts."""
    from superset import security_manager as manager

    from dashboards.access import NoAccessError, region_of
    from dashboards.place import here
    from dashboards.region_files import file_of, forget_old

    place, regions = here(), set()
    for user in manager.get_all_users():
        with suppress(NoAccessError):
            regions.add(region_of(role.name for role in user.roles))
    for region in sorted(regions - {""}):
        file_of(place, release, region)
    forget_old(place)


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

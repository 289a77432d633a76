"""Ask what the dashboards ask before people do, as somebody who sees the country."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from dashboards.asked import questions

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Warmed:
    """How many questions were answered, and how many were not."""

    answered: int = 0
    failed: int = 0


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
    """Ask what the dashboards ask; the answers are kept for this release."""
    from superset import security_manager as manager
    from superset.extensions import db
    from superset.utils.core import override_user

    from dashboards.accounts import ADMINISTRATOR

    result = Warmed()
    with override_user(manager.find_user(username=ADMINISTRATOR)):
        for ask in (*_of_charts(), *(partial(_ask, question) for question in questions())):
            try:
                ask()
            except Exception as error:
                # A question of a chart that has changed since; the others count.
                log.info("not warmed: %s", error)
                result.failed += 1
            else:
                result.answered += 1
    db.session.remove()
    return result


def _of_charts() -> Iterator[Callable[[], object]]:
    """Charts whose question the server can put together itself."""
    from superset.commands.chart.warm_up_cache import ChartWarmUpCacheCommand
    from superset.extensions import db
    from superset.models.dashboard import Dashboard
    from superset.viz import viz_types

    managed = db.session.query(Dashboard).filter(Dashboard.is_managed_externally)
    for dashboard in managed.all():
        for chart in dashboard.slices:
            if chart.viz_type in viz_types or chart.query_context:
                yield ChartWarmUpCacheCommand(chart.id, dashboard.id, None).run


def _ask(question: dict[str, Any]) -> None:
    from superset.charts.schemas import ChartDataQueryContextSchema
    from superset.commands.chart.data.get_data_command import ChartDataCommand

    command = ChartDataCommand(ChartDataQueryContextSchema().load(question))
    command.validate()
    command.run()

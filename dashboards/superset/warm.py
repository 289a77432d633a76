"""Ask what the dashboards ask before people do, as somebody who sees the country."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dashboards.compile.contexts import filter_question
from dashboards.data.query_log import questions

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
    from dashboards.data.region_files import file_of, forget_old
    from dashboards.paths import here

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

    from dashboards.superset.accounts import ADMINISTRATOR

    result = Warmed()
    without: set[int] = set()
    with override_user(manager.find_user(username=ADMINISTRATOR)):
        for question in _of_dashboards():
            dataset = question["datasource"]["id"]
            # A release older than the dashboards lacks a table: one question is enough to know.
            if dataset in without or not _is_answered(question):
                without.add(dataset)
                result.failed += 1
            else:
                result.answered += 1
        for question in questions():
            if _is_answered(question):
                result.answered += 1
            else:
                result.failed += 1
    db.session.remove()
    return result


def _is_answered(question: dict[str, Any]) -> bool:
    try:
        _ask(question)
    except Exception as error:
        # The others count.
        log.info("not warmed: %s", error)
        return False
    return True


def _of_dashboards() -> Iterator[dict[str, Any]]:
    """What the dashboards of the project ask of whoever opens them and looks into every tab."""
    from superset.extensions import db
    from superset.models.dashboard import Dashboard

    for dashboard in db.session.query(Dashboard).filter(Dashboard.is_managed_externally).all():
        for chart in dashboard.slices:
            yield json.loads(chart.query_context)
        yield from _of_filters(json.loads(dashboard.json_metadata))


def _of_filters(metadata: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for choice in metadata["native_filter_configuration"]:
        for target in choice["targets"]:
            ascending = choice["controlValues"]["sortAscending"]
            yield {
                "datasource": {"id": target["datasetId"], "type": "table"},
                "queries": [filter_question(target["column"]["name"], ascending=ascending)],
            }


def _ask(question: dict[str, Any]) -> None:
    from superset.charts.schemas import ChartDataQueryContextSchema
    from superset.commands.chart.data.get_data_command import ChartDataCommand

    command = ChartDataCommand(ChartDataQueryContextSchema().load(question))
    command.validate()
    command.run()

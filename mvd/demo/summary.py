"""What the demonstration ended with: verdicts, coverage, national totals, where to look next."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mvd.console import console, print_table
from mvd.context import Context
from mvd.demo.story import shows
from mvd.show import show_results, show_unpublished

if TYPE_CHECKING:
    from ingestion.request import Services, SubmissionResult
    from mvd.build.pipeline import BuildOutcome
    from mvd.demo.write import DemoManifest

_COVERAGE = """
select form_code, strftime(period_month, '%Y-%m') as period, expected_units, accepted_units,
    round(100 * population_coverage_share, 1) as population_percent, status,
    not_accepted_units, missing_units
from marts.rpt_coverage
where territory_kato = '000000000'
    and period_month = (
        select max(period_month) from marts.rpt_coverage as c where c.received_units > 0
    )
order by form_code
"""
_TOTALS = """
select i.name_{language} as indicator, v.value, v.value_prior_year, round(v.change_pct, 1),
    v.accepted_units || '/' || v.expected_units, v.status
from marts.fct_indicator_values as v
inner join marts.dim_indicator as i on v.indicator_code = i.indicator_code
where v.territory_kato = '000000000' and v.basis = 'ytd'
    and v.period_month = (select max(period_month) from marts.fct_indicator_values)
    and v.indicator_code in (
        'CRM_TOTAL', 'CRM_CRIMES', 'CRM_THEFT', 'CYB_FRAUD', 'CRM_MURDER', 'DRG_SALE', 'TRF_345',
        'CRM_CLEARANCE', 'TRF_DTP', 'TRF_DEATHS', 'DRG_SEIZED', 'CYB_DAMAGE'
    )
order by v.value desc nulls last
"""


def show_summary(
    context: Context,
    services: Services,
    written: DemoManifest,
    results: Sequence[SubmissionResult],
    outcome: BuildOutcome,
) -> None:
    """Print the end of the demonstration."""
    show_results(context, services, results)
    if not outcome.is_published:
        show_unpublished(context, outcome)
        return
    _show_query(context, "demo_coverage", _COVERAGE, _COVERAGE_COLUMNS)
    totals = _TOTALS.format(language=context.language)
    _show_query(context, "demo_totals", totals, _TOTALS_COLUMNS)
    content_hash = outcome.content_hash
    done = context.say("build_done", release_id=outcome.release_id, content_hash=content_hash)
    console.print(done, style="green")
    _name_what_to_see(context, written)


def _name_what_to_see(context: Context, written: DemoManifest) -> None:
    mvd, home = os.path.relpath(sys.argv[0]), os.path.relpath(context.home.root)
    last = written.periods[-1]
    console.print(context.say("demo_shows"), style="bold")
    for show in shows(last).values():
        console.print(f"· {show.name.text(context.language)}")
        command = f'MVD_HOME={home} {mvd} sql "{show.sql}"'
        console.print(command, style="cyan", soft_wrap=True, markup=False, highlight=False)
    said = context.say("demo_next", home=home, mvd=mvd, story=written.story, period=last)
    console.print(said, soft_wrap=True)


_COVERAGE_COLUMNS = (
    "form", "period", "expected", "accepted", "population_share", "status",
    "not_accepted_units", "missing_units"
)  # fmt: skip
_TOTALS_COLUMNS = ("indicator", "value", "prior_year", "change", "units", "status")


def _show_query(context: Context, title: str, sql: str, columns: Sequence[str]) -> None:
    from warehouse.query.reader import query

    answer = query(context.home, sql)
    heads = [context.say(f"col_{name}") for name in columns]
    print_table(context.say(title), heads, [list(row.values()) for row in answer.to_pylist()])

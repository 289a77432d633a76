from collections import Counter
from datetime import date
from functools import cache

import numpy as np

from mvd.demo.plan import FORMS, Extent, Plan, Scope, plan
from mvd.demo.targets import targets
from warehouse.contracts import load_contracts

CONTRACTS = load_contracts()
KYZYLORDA = "430000000"
MONTHS = [*(f"2025-{month:02d}" for month in range(1, 13)), "2026-01", "2026-02", "2026-03"]


@cache
def planned(extent: Extent) -> Plan:
    regions = CONTRACTS.territories.regions_on(date(2026, 3, 31))
    return plan(
        CONTRACTS,
        targets(CONTRACTS),
        Scope(extent=extent),
        order=[region.kato for region in regions],
        random=np.random.default_rng(1),
    )


def test_the_series_has_every_compact_form_of_every_region_month_by_month() -> None:
    submissions = planned("series").submissions
    sent = Counter((s.form, s.period) for s in submissions if s.attempt == 1)
    # In the last month faults leave reports out.
    for form in (form.code for form in CONTRACTS.table_forms):
        assert {period: sent[form, period] for period in MONTHS[:-1]} == dict.fromkeys(
            MONTHS[:-1], 20
        )


def test_the_series_leaves_out_nothing_of_the_story() -> None:
    extents: tuple[Extent, Extent] = ("story", "series")
    told, series = (
        {(s.form, s.territory, s.period, s.attempt) for s in planned(extent).submissions}
        for extent in extents
    )
    assert told < series


def test_one_region_is_told_in_every_month_on_every_form() -> None:
    story = planned("story")
    assert story.pilot == KYZYLORDA
    told = {(s.form, s.period) for s in story.submissions if s.territory == KYZYLORDA}
    forms = [*FORMS, *(form.code for form in CONTRACTS.table_forms)]
    assert {(form, period) for form in forms for period in MONTHS} <= told

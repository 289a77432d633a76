"""What must hold of months, restatements, series and outliers before they are published."""

from expectations.release_checks import Check, unique

_KEY = ("indicator_code", "territory_kato", "period_month")
_MOVED = """
    moved as (
        select territory_kato, valid_from as day from territories where predecessor_kato is null
        union
        select split_from_kato, valid_from from territories where split_from_kato is not null
        union
        select unnest([former.parent_kato, later.parent_kato]), later.valid_from
        from territories as later
        join territories as former on former.territory_kato = later.predecessor_kato
        where former.parent_kato != later.parent_kato
    )
"""
"""Days on which borders moved, on either side; January of that year stands alone."""
_YEARS_TO_DATE = """
    left join marts.fct_indicator_values as now
        on now.indicator_code = v.indicator_code and now.basis = 'ytd'
        and now.territory_kato = v.territory_kato
        and now.period_month = v.period_month
    left join marts.fct_indicator_values as before
        on before.indicator_code = v.indicator_code and before.basis = 'ytd'
        and before.territory_kato = v.territory_kato
        and before.period_month = v.period_month - interval 1 month
        and year(before.period_month) = year(v.period_month)
"""
"""The figures since 1 January of the month `v` and of the month before it in the same year."""


def statistics_checks() -> tuple[Check, ...]:
    """Checks of the statistics, computed from published columns and the territories alone."""
    return (*_border_checks(), *_series_checks())


def _border_checks() -> tuple[Check, ...]:
    return (
        Check(
            code="MONTHS_WITHIN_BORDERS",
            query=f"""
                with {_MOVED}, told as (
                    select v.indicator_code, v.territory_kato, v.period_month, v.value,
                        v.value - now.value + coalesce(before.value, 0) as difference
                    from marts.fct_indicator_values as v
                    join marts.dim_indicator as i using (indicator_code)
                    {_YEARS_TO_DATE}
                    where v.basis = 'month' and v.submission_id is not null
                        and i.measure_type = 'flow' and not i.is_derived and v.value is not null
                    union all
                    select offence_code, territory_kato, period_month, registered, 0
                    from marts.fct_crimes
                    where basis = 'month' and submission_id is not null and registered is not null
                )
                select told.indicator_code, told.territory_kato, told.period_month,
                    case
                        when moved.day is not null then 1e300
                        else coalesce(abs(told.difference), 1e300)
                    end as difference
                from told
                left join moved
                    on moved.territory_kato = told.territory_kato
                    and date_trunc('month', moved.day) = told.period_month
                    and month(told.period_month) > 1
                where told.value < 0 or moved.day is not null
            """,  # noqa: S608
            key=_KEY,
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "difference", "max_value": 1e-3},
        ),
        Check(
            code="TOTALS_ACROSS_BORDERS",
            query=f"""
                with redrawn as (
                    select distinct p.indicator_code, t.parent_kato, p.period_month
                    from marts.fct_indicator_values as p
                    join marts.dim_territory as t using (territory_kato)
                    where p.basis = 'month' and p.status_reason = 'border_change'
                )
                select v.indicator_code, v.territory_kato, v.period_month,
                    coalesce(abs(v.value - now.value + before.value), 1e300) as difference
                from marts.fct_indicator_values as v
                join marts.dim_indicator as i using (indicator_code)
                join redrawn
                    on redrawn.indicator_code = v.indicator_code
                    and redrawn.parent_kato = v.territory_kato
                    and redrawn.period_month = v.period_month
                {_YEARS_TO_DATE}
                where v.basis = 'month' and v.submission_id is null and v.value is not null
                    and i.measure_type = 'flow' and not i.is_derived
            """,  # noqa: S608
            key=_KEY,
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "difference", "max_value": 1e-3},
        ),
        Check(
            code="RESTATEMENTS_WITHIN_BORDERS",
            query=f"""
                with {_MOVED}
                select r.indicator_code, r.territory_kato, r.period_month,
                    count(moved.day) as border_changes
                from marts.rpt_restatements as r
                left join moved
                    on moved.territory_kato = r.territory_kato
                    and moved.day > last_day(r.period_month)
                    and moved.day <= last_day(r.reported_month)
                group by all
            """,  # noqa: S608
            key=_KEY,
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "border_changes", "max_value": 0},
        ),
    )


def _series_checks() -> tuple[Check, ...]:
    return (
        Check(
            code="MONTHS_SUM_TO_YTD",
            query="""
                with told as (
                    select v.indicator_code, v.territory_kato, v.period_month, v.basis,
                        v.value, v.span_value, v.span_start, v.submission_id
                    from marts.fct_indicator_values as v
                    join marts.dim_indicator as i using (indicator_code)
                    where i.measure_type = 'flow' and not i.is_derived
                )
                -- Each span leads from the year to date before it to its own, so all spans of a
                -- year lead from nothing to its last year to date.
                select t.indicator_code, t.territory_kato, t.period_month,
                    coalesce(abs(
                        t.value - s.span_value
                        - case when month(s.span_start) = 1 then 0 else b.value end
                    ), 1e300) as difference
                from told as t
                left join told as s
                    on s.indicator_code = t.indicator_code and s.territory_kato = t.territory_kato
                    and s.period_month = t.period_month and s.basis = 'month'
                left join told as b
                    on b.indicator_code = t.indicator_code and b.territory_kato = t.territory_kato
                    and b.period_month = s.span_start - interval 1 month and b.basis = 'ytd'
                where t.basis = 'ytd' and t.value is not null and t.submission_id is not null
            """,
            key=_KEY,
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "difference", "max_value": 1e-3},
        ),
        Check(
            code="PRINTED_MONTHS_EXPLAINED",
            query="""
                select v.indicator_code, v.territory_kato, v.period_month,
                    coalesce(r.submission_id, c.submission_id) as explained_by
                from marts.fct_indicator_values as v
                left join marts.rpt_restatements as r
                    on r.indicator_code = v.indicator_code
                    and r.territory_kato = v.territory_kato and r.submission_id = v.submission_id
                    and r.reported_month = v.period_month and r.period_month < v.period_month
                left join marts.rpt_reconciliation as c
                    on c.indicator_code = v.indicator_code
                    and c.territory_kato = v.territory_kato and c.submission_id = v.submission_id
                    and c.finding_code = 'PRINTED_MONTH_DIFFERS'
                where v.basis = 'month' and v.submission_id is not null
                    and v.value != v.value_printed
            """,
            key=_KEY,
            expectation="ExpectColumnValuesToNotBeNull",
            options={"column": "explained_by"},
        ),
        Check(
            code="OUTLIERS_ARE_PUBLISHED_MONTHS",
            query="""
                select o.indicator_code, o.territory_kato, o.period_month,
                    coalesce(abs(o.observed - v.value), 1e300) as difference
                from marts.rpt_outliers as o
                left join marts.fct_indicator_values as v
                    on v.indicator_code = o.indicator_code
                    and v.territory_kato = o.territory_kato
                    and v.period_month = o.period_month and v.basis = 'month'
            """,
            key=_KEY,
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "difference", "max_value": 1e-3},
        ),
        Check(
            code="REPUBLIC_SAME_IN_BOTH_SERIES",
            query="""
                with groups as (
                    select distinct indicator_code, period_month, basis, group_kato, group_numerator
                    from marts.fct_indicator_values_as_is where territory_kato != '000000000'
                ), summed as (
                    select indicator_code, period_month, basis, sum(group_numerator) as numerator,
                        count(*) = count(group_numerator) as is_complete
                    from groups group by all
                )
                select v.indicator_code, v.territory_kato, v.period_month,
                    abs(v.numerator - s.numerator) as difference
                from marts.fct_indicator_values as v
                join summed as s using (indicator_code, period_month, basis)
                where v.territory_kato = '000000000' and v.submission_id is null
                    and v.status = 'final' and s.is_complete
            """,
            key=_KEY,
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "difference", "max_value": 1e-3},
        ),
        unique("KEY_OUTLIERS", "rpt_outliers", _KEY),
        Check(
            code="LAST_WORD_IS_PUBLISHED",
            query="""
                select t.indicator_code, t.territory_kato, t.period_month,
                    t.value is not distinct from v.value as is_published
                from marts.rpt_revision_triangle as t
                join marts.rpt_submissions as s
                    on s.submission_id = t.submission_id and s.period_month = t.period_month
                left join marts.fct_indicator_values as v
                    on v.indicator_code = t.indicator_code
                    and v.territory_kato = t.territory_kato
                    and v.period_month = t.period_month and v.basis = 'ytd'
                where t.is_latest and s.is_in_force and v.submission_id is not null
            """,
            key=_KEY,
            expectation="ExpectColumnValuesToBeInSet",
            options={"column": "is_published", "value_set": [True]},
        ),
    )

"""What must hold of the marts before they are published: frames and expectations.

Each check is a query that lays out one row per fact, computed where possible from the cells and the
ledger instead of the models, and one Great Expectations expectation on that frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation on the rows of `query`; `key` names a row in messages.

    What a failure says lies in `contracts/texts/release_gate.yml` under `text`, by default `code`.

    `query` reads the marts as `marts.<table>` and the build inputs as views of their names.
    `expectation` is the name of a Great Expectations expectation, `options` its arguments.
    """

    code: str
    query: str
    key: tuple[str, ...]
    expectation: str
    options: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    table: str = ""
    """The mart that the text names, if it does."""


_VALUES_KEY = ("indicator_code", "territory_kato", "period_month", "basis")
_CRIMES_KEY = ("offence_code", "territory_kato", "period_month", "basis")
_TOLERANCE = 1e-3
"""Money is kept to four decimals: a sum of a few cells may differ in the last one."""


def checks(measures: tuple[str, ...]) -> tuple[Check, ...]:
    """All checks; `measures` are the cumulative measures of fct_crimes."""
    return (
        *_keys(),
        *_domains(),
        *_coverage(),
        *_independent(measures),
        *_completeness(),
    )


def unique(code: str, table: str, key: tuple[str, ...]) -> Check:
    """The check that no key occurs twice in a mart."""
    columns = ", ".join(key)
    return Check(
        code=code,
        query=f"select {columns} from marts.{table}",  # noqa: S608
        key=key,
        expectation="ExpectCompoundColumnsToBeUnique",
        options={"column_list": list(key)},
        text="key_repeated",
        table=table,
    )


def _keys() -> tuple[Check, ...]:
    return (
        unique("KEY_INDICATOR_VALUES", "fct_indicator_values", _VALUES_KEY),
        unique("KEY_CRIMES", "fct_crimes", _CRIMES_KEY),
        unique("KEY_COVERAGE", "rpt_coverage", ("form_code", "territory_kato", "period_month")),
        Check(
            code="KEY_IN_FORCE",
            query="""
                select form_code, territory_kato, period_month
                from marts.rpt_submissions where is_in_force
            """,
            key=("form_code", "territory_kato", "period_month"),
            expectation="ExpectCompoundColumnsToBeUnique",
            options={"column_list": ["form_code", "territory_kato", "period_month"]},
        ),
    )


def _domains() -> tuple[Check, ...]:
    return (
        Check(
            code="STATUS_KNOWN",
            query="""
                select distinct 'fct_indicator_values' as mart, status
                from marts.fct_indicator_values
                union all
                select distinct 'fct_crimes', status from marts.fct_crimes
                union all
                select distinct 'rpt_coverage', status from marts.rpt_coverage
            """,
            key=("mart", "status"),
            expectation="ExpectColumnValuesToBeInSet",
            options={
                "column": "status",
                "value_set": ["final", "partial", "withheld", "missing"],
            },
        ),
        Check(
            code="VALUE_FITS_STATUS",
            query="""
                select indicator_code, territory_kato, period_month, basis,
                    status in ('final', 'partial') as is_shown, value is not null as has_value
                from marts.fct_indicator_values
            """,
            key=_VALUES_KEY,
            expectation="ExpectColumnPairValuesToBeEqual",
            options={"column_A": "is_shown", "column_B": "has_value"},
        ),
        Check(
            code="COUNT_NOT_NEGATIVE",
            query="""
                select v.indicator_code, v.territory_kato, v.period_month, v.basis, v.value
                from marts.fct_indicator_values as v
                join marts.dim_indicator as i using (indicator_code)
                where v.basis = 'ytd' and i.measure_type = 'flow'
                    and i.unit in ('count', 'persons') and v.value is not null
            """,
            key=_VALUES_KEY,
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "value", "min_value": 0},
        ),
    )


def _coverage() -> tuple[Check, ...]:
    shares = """
        select 'fct_indicator_values' as mart, indicator_code as code, territory_kato, period_month,
            basis, {column} as share
        from marts.fct_indicator_values where {column} is not null
        union all
        select 'fct_crimes', offence_code, territory_kato, period_month, basis, {column}
        from marts.fct_crimes where {column} is not null
        union all
        select 'rpt_coverage', form_code, territory_kato, period_month, 'ytd', {column}
        from marts.rpt_coverage where {column} is not null
    """
    return (
        *(
            Check(
                code=f"{column.upper()}_IN_RANGE",
                query=shares.format(column=column),
                key=("mart", "code", "territory_kato", "period_month"),
                expectation="ExpectColumnValuesToBeBetween",
                options={"column": "share", "min_value": 0, "max_value": 1},
                text="share_out_of_range",
            )
            for column in ("coverage_share", "population_coverage_share")
        ),
        Check(
            code="COVERAGE_EQUALS_LEDGER",
            query="""
                select e.form_code, e.period_month, c.accepted_units as published,
                    count(s.submission_id) as accepted
                from expected_submitters as e
                join marts.rpt_coverage as c
                    on c.form_code = e.form_code and c.period_month = e.period_month
                    and c.territory_kato = '000000000'
                left join submissions as s
                    on s.form_code = e.form_code and s.period_month = e.period_month
                    and s.territory_kato = e.territory_kato and s.is_in_force
                where not exists (
                    select 1 from submissions as d
                    where d.is_in_force and d.form_code = e.form_code
                        and d.period_month = e.period_month
                        and d.territory_kato not in (
                            select x.territory_kato from expected_submitters as x
                            where x.form_code = e.form_code and x.period_month = e.period_month
                        )
                )
                group by all
            """,
            key=("form_code", "period_month"),
            expectation="ExpectColumnPairValuesToBeEqual",
            options={"column_A": "published", "column_B": "accepted"},
        ),
    )


def _independent(measures: tuple[str, ...]) -> tuple[Check, ...]:
    published_measures = " union all ".join(
        f"select '{measure}' as measure, offence_code, submission_id, {measure} as value"  # noqa: S608
        " from marts.fct_crimes where basis = 'ytd'"
        for measure in measures
    )
    return (
        Check(
            code="REGION_EQUALS_CELLS",
            query="""
                with units as (
                    select distinct submission_id, territory_kato from cells
                ), told as (
                    select o.indicator_code, s.period_month,
                        coalesce(u.territory_kato, s.territory_kato) as territory_kato,
                        case when count(c.value) = count(*) then sum(o.sign * c.value) end as value
                    from indicator_sources as o
                    join submissions as s on s.form_code = o.form_code
                        and s.form_version = o.form_version and s.is_in_force
                    left join units as u on u.submission_id = s.submission_id
                    left join cells as c
                        on c.submission_id = s.submission_id
                        and c.territory_kato = u.territory_kato and c.section = o.section
                        and c.line = o.line and c.column_number = o.column_number
                    where o.basis = 'ytd'
                    group by all
                )
                select told.indicator_code, told.territory_kato, told.period_month,
                    case
                        when told.value is null and v.value is null then 0
                        else coalesce(abs(told.value - v.value), 1e300)
                    end as difference
                from told
                left join marts.fct_indicator_values as v
                    on v.indicator_code = told.indicator_code
                    and v.territory_kato = told.territory_kato
                    and v.period_month = told.period_month and v.basis = 'ytd'
            """,
            key=("indicator_code", "territory_kato", "period_month"),
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "difference", "max_value": _TOLERANCE},
        ),
        Check(
            code="OFFENCES_EQUAL_CELLS",
            query=f"""
                with told as (
                    select s.submission_id, m.measure, sum(c.value) as total,
                        sum(c.value * m.offence_code::bigint) as weighted
                    from offence_measures as m
                    join submissions as s on s.form_code = m.form_code
                        and s.form_version = m.form_version and s.is_in_force
                    join cells as c
                        on c.submission_id = s.submission_id and c.section = m.section
                        and c.line = m.line and c.column_number = m.column_number
                    where m.basis = 'ytd'
                    group by all
                ), published as (
                    select p.submission_id, p.measure, sum(p.value) as total,
                        sum(p.value * p.offence_code::bigint) as weighted
                    from ({published_measures}) as p
                    where p.submission_id is not null
                    group by all
                )
                select measure, submission_id,
                    coalesce(abs(told.total - published.total), 1e300)
                    + coalesce(abs(told.weighted - published.weighted), 1e300) as difference
                from told full join published using (submission_id, measure)
                where told.total is not null or published.total is not null
            """,  # noqa: S608
            key=("measure", "submission_id"),
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "difference", "max_value": 0},
        ),
        Check(
            code="TOTAL_EQUALS_PARTS",
            query="""
                with parts as (
                    select p.indicator_code, t.parent_kato, p.period_month, p.basis,
                        sum(p.numerator) as numerator,
                        bool_or(
                            p.submission_id is null
                            and p.status_reason in
                            ('coverage_below_threshold', 'denominator_not_positive')
                            or p.status_reason = 'border_change'
                        ) as is_hidden
                    from marts.fct_indicator_values as p
                    join marts.dim_territory as t using (territory_kato)
                    group by all
                )
                select v.indicator_code, v.territory_kato, v.period_month, v.basis,
                    coalesce(abs(v.numerator - parts.numerator), 1e300) as difference
                from marts.fct_indicator_values as v
                join marts.dim_indicator as i using (indicator_code)
                left join parts
                    on parts.indicator_code = v.indicator_code
                    and parts.parent_kato = v.territory_kato
                    and parts.period_month = v.period_month and parts.basis = v.basis
                where v.submission_id is null and v.value is not null
                    and v.expected_units > 1 and not coalesce(parts.is_hidden, false)
            """,
            key=_VALUES_KEY,
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "difference", "max_value": _TOLERANCE},
        ),
        Check(
            code="REGION_TRACEABLE",
            query="""
                with units as (
                    select submission_id, territory_kato from cells
                    union
                    select submission_id, territory_kato from submissions where is_in_force
                )
                select v.indicator_code, v.territory_kato, v.period_month, v.basis,
                    s.submission_id as source
                from marts.fct_indicator_values as v
                left join units as u
                    on u.submission_id = v.submission_id and u.territory_kato = v.territory_kato
                left join submissions as s
                    on s.submission_id = u.submission_id and s.is_in_force
                    and s.form_code = v.form_code and s.period_month = v.period_month
                where v.value is not null
                    and (v.submission_id is not null or v.expected_units = 1)
                    and not exists (
                        select 1 from territories as t
                        join units as d on d.territory_kato = t.territory_kato
                        where t.parent_kato = v.territory_kato and v.submission_id is null
                    )
            """,
            key=_VALUES_KEY,
            expectation="ExpectColumnValuesToNotBeNull",
            options={"column": "source"},
        ),
    )


def _completeness() -> tuple[Check, ...]:
    return (
        Check(
            code="MART_NOT_EMPTY",
            query="""
                select 'dim_territory' as mart, count(*) as rows from marts.dim_territory
                union all
                select 'dim_indicator', count(*) from marts.dim_indicator
                union all
                select 'dim_offence', count(*) from marts.dim_offence
                union all
                select 'dim_period', count(*) from marts.dim_period
                union all
                select 'rpt_submissions', count(*) from marts.rpt_submissions
                union all
                select 'rpt_coverage', count(*) from marts.rpt_coverage
                union all
                select 'fct_indicator_values', count(*) from marts.fct_indicator_values
                having exists (
                    select 1 from submissions
                    join indicators using (form_code) where is_in_force
                )
                union all
                select 'fct_crimes', count(*) from marts.fct_crimes
                having exists (
                    select 1 from submissions
                    join offence_measures using (form_code) where is_in_force
                )
            """,
            key=("mart",),
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "rows", "min_value": 1},
        ),
        Check(
            code="INDICATORS_PRESENT",
            query="""
                select i.indicator_code, count(v.indicator_code) as rows
                from indicators as i
                left join marts.fct_indicator_values as v using (indicator_code)
                where i.form_code in (select form_code from submissions where is_in_force)
                group by all
            """,
            key=("indicator_code",),
            expectation="ExpectColumnValuesToBeBetween",
            options={"column": "rows", "min_value": 1},
        ),
        Check(
            code="SUBMISSIONS_PRESENT",
            query="""
                select s.submission_id, r.submission_id as published
                from submissions as s
                left join marts.rpt_submissions as r
                    on r.submission_id = s.submission_id and r.is_in_force = s.is_in_force
                    and r.verdict = s.verdict
            """,
            key=("submission_id",),
            expectation="ExpectColumnValuesToNotBeNull",
            options={"column": "published"},
        ),
    )

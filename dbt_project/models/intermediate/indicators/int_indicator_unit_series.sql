-- Months from year-to-date, per reporting unit. A month is known only when the month before
-- was reported too, by the unit or by all its parts (January stands alone); otherwise the increase
-- belongs to a span of months. Increases may be negative: cases are re-qualified and transferred.
-- Totals in different borders have no difference: the first in new borders is a span from January.
with reported as (
    select * from {{ ref('int_indicator_reported') }}
),

indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

parts as (
    select * from {{ ref('int_indicator_parts') }}
),

rules as (
    select * from {{ ref('stg_contracts__coverage_rules') }}
),

borders as (
    select * from {{ ref('int_territory_borders') }}
),

-- A return that gives way to those of its parts has no months of its own.
own as (
    select
        reported.indicator_code,
        reported.territory_kato,
        reported.period_month,
        reported.submission_id,
        reported.received_at,
        reported.value
    from reported
    inner join indicators on reported.indicator_code = indicators.indicator_code
    left join rules on indicators.form_code = rules.form_code
    left join parts
        on
            reported.indicator_code = parts.indicator_code
            and reported.territory_kato = parts.territory_kato
            and reported.period_month = parts.period_month
    where
        reported.basis = 'ytd'
        and reported.value is not null
        and (
            parts.territory_kato is null
            or coalesce(rules.where_both_exist, 'summary') != 'districts'
        )
),

reporters as (
    select distinct
        indicator_code,
        territory_kato
    from own
),

-- Where the submitter changed, the parts stand for the unit in the months before.
stand_ins as (
    select
        parts.indicator_code,
        parts.territory_kato,
        parts.period_month,
        parts.value
    from parts
    inner join reporters
        on
            parts.indicator_code = reporters.indicator_code
            and parts.territory_kato = reporters.territory_kato
    left join own
        on
            parts.indicator_code = own.indicator_code
            and parts.territory_kato = own.territory_kato
            and parts.period_month = own.period_month
    where own.territory_kato is null
),

told as (
    select
        *,
        true as is_own
    from own
    union all
    select
        indicator_code,
        territory_kato,
        period_month,
        cast(null as {{ dbt.type_string() }}) as submission_id,
        cast(null as {{ dbt.type_timestamp() }}) as received_at,
        value,
        false as is_own
    from stand_ins
),

cumulative as (
    select
        told.*,
        indicators.measure_type,
        lag(told.value) over (
            partition by
                told.indicator_code,
                told.territory_kato,
                {{ year_of('told.period_month') }},
                borders.borders_from
            order by told.period_month
        ) as previous_value,
        lag(told.period_month) over (
            partition by
                told.indicator_code,
                told.territory_kato,
                {{ year_of('told.period_month') }},
                borders.borders_from
            order by told.period_month
        ) as previous_month
    from told
    inner join indicators on told.indicator_code = indicators.indicator_code
    left join borders
        on
            told.territory_kato = borders.territory_kato
            and told.period_month = borders.period_month
),

spans as (
    select
        indicator_code,
        territory_kato as unit_kato,
        period_month,
        submission_id,
        received_at,
        measure_type,
        value,
        value - coalesce(previous_value, 0) as increase,
        coalesce(
            {{ add_months('previous_month', 1) }},
            {{ first_of_year('period_month') }}
        ) as span_start
    from cumulative
    where is_own
),

printed as (
    select
        indicator_code,
        territory_kato as unit_kato,
        period_month,
        value as value_printed
    from reported
    where basis = 'month'
),

year_to_date as (
    select
        indicator_code,
        unit_kato,
        period_month,
        'ytd' as basis,
        value,
        cast(null as decimal(18, 4)) as value_printed,
        value as span_value,
        {{ first_of_year('period_month') }} as span_start,
        submission_id,
        received_at
    from spans
),

months as (
    select
        spans.indicator_code,
        spans.unit_kato,
        spans.period_month,
        'month' as basis,
        case
            when spans.measure_type = 'stock' then spans.value
            when spans.span_start = spans.period_month then spans.increase
        end as value,
        printed.value_printed,
        case when spans.measure_type = 'stock' then spans.value else spans.increase end
            as span_value,
        case when spans.measure_type = 'stock' then spans.period_month else spans.span_start end
            as span_start,
        spans.submission_id,
        spans.received_at
    from spans
    left join printed
        on
            spans.indicator_code = printed.indicator_code
            and spans.unit_kato = printed.unit_kato
            and spans.period_month = printed.period_month
),

both_bases as (
    select * from year_to_date
    union all
    select * from months
),

final as (
    select
        *,
        {{ month_of('period_month') }} - {{ month_of('span_start') }} + 1 as span_months
    from both_bases
)

select * from final

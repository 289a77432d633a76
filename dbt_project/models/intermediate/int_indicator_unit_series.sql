-- Months from year-to-date, per reporting unit. A month is known only when the month before
-- was reported too (January stands alone); otherwise the increase belongs to a span of months.
-- Increases may be negative: cases are re-qualified and transferred.
with reported as (
    select * from {{ ref('int_indicator_reported') }}
),

indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

cumulative as (
    select
        reported.*,
        indicators.measure_type,
        lag(reported.value) over (
            partition by
                reported.indicator_code,
                reported.territory_kato,
                {{ year_of('reported.period_month') }}
            order by reported.period_month
        ) as previous_value,
        lag(reported.period_month) over (
            partition by
                reported.indicator_code,
                reported.territory_kato,
                {{ year_of('reported.period_month') }}
            order by reported.period_month
        ) as previous_month
    from reported
    inner join indicators on reported.indicator_code = indicators.indicator_code
    where
        reported.basis = 'ytd'
        and reported.value is not null
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

-- Which comparisons of an indicator run across a break in its series: with the year before, with
-- the month before, and within the figure itself. A comparison is whole when it ends before the
-- break began or begins once it had settled.
with breaks as (
    select * from {{ ref('stg_contracts__series_breaks') }}
),

periods as (
    select * from {{ ref('stg_contracts__periods') }}
),

indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

bases as (
    select 'month' as basis
    union all
    select 'ytd' as basis
),

indicator_months as (
    select
        breaks.*,
        periods.period_month,
        bases.basis,
        bases.basis = 'ytd' and indicators.measure_type != 'stock' as is_cumulative,
        row_number() over (
            partition by breaks.indicator_code, periods.period_month, bases.basis
            order by breaks.from_month desc
        ) as recency
    from breaks
    inner join periods on breaks.from_month <= periods.period_month
    inner join indicators on breaks.indicator_code = indicators.indicator_code
    cross join bases
),

compared_spans as (
    select
        *,
        {{ add_months('period_month', -1) }} as month_before,
        case
            when is_cumulative then {{ first_of_year('period_month') }}
            else period_month
        end as figure_start,
        case
            when is_cumulative then {{ first_of_year(add_months('period_month', -12)) }}
            else {{ add_months('period_month', -12) }}
        end as prior_year_start
    from indicator_months
    where recency = 1
),

final as (
    select
        indicator_code,
        period_month,
        basis,
        from_month,
        break_code as break_prior_year,
        case when not is_cumulative and month_before < settled_month then break_code end
            as break_previous_month,
        case when figure_start < settled_month then break_code end as break_inside
    from compared_spans
    where prior_year_start < settled_month
)

select * from final

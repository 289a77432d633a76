-- Months from year-to-date, per reporting unit. A month is known only when the month before
-- was reported too, by the unit or by all its parts (January stands alone); otherwise the increase
-- belongs to a span of months. Increases may be negative: cases are re-qualified and transferred.
-- Totals in different borders have no difference: the first in new borders is a span from January.
with unit_figures as (
    select * from {{ ref('int_indicator_versions') }}
    where is_in_force
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
own_figures as (
    select
        unit_figures.indicator_code,
        unit_figures.territory_kato,
        unit_figures.period_month,
        unit_figures.submission_id,
        unit_figures.received_at,
        unit_figures.value
    from unit_figures
    inner join indicators on unit_figures.indicator_code = indicators.indicator_code
    left join rules on indicators.form_code = rules.form_code
    left join parts
        on
            unit_figures.indicator_code = parts.indicator_code
            and unit_figures.territory_kato = parts.territory_kato
            and unit_figures.period_month = parts.period_month
    where
        unit_figures.basis = 'ytd'
        and unit_figures.value is not null
        and (
            parts.territory_kato is null
            or coalesce(rules.where_both_exist, 'summary') != 'districts'
        )
),

reporters as (
    select distinct
        indicator_code,
        territory_kato
    from own_figures
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
    left join own_figures
        on
            parts.indicator_code = own_figures.indicator_code
            and parts.territory_kato = own_figures.territory_kato
            and parts.period_month = own_figures.period_month
    where own_figures.territory_kato is null
),

unit_months as (
    select
        *,
        true as is_own
    from own_figures
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

unit_months_in_borders as (
    select
        unit_months.*,
        indicators.measure_type,
        borders.borders_from,
        month_figures.value as value_printed
    from unit_months
    inner join indicators on unit_months.indicator_code = indicators.indicator_code
    left join borders
        on
            unit_months.territory_kato = borders.territory_kato
            and unit_months.period_month = borders.period_month
    left join unit_figures as month_figures
        on
            unit_months.indicator_code = month_figures.indicator_code
            and unit_months.territory_kato = month_figures.territory_kato
            and unit_months.period_month = month_figures.period_month
            and month_figures.basis = 'month'
),

successive_months as (
    select
        *,
        lag(value) over ({{ within_year('indicator_code', 'territory_kato') }}) as previous_value,
        lag(period_month) over ({{ within_year('indicator_code', 'territory_kato') }})
            as previous_month
    from unit_months_in_borders
),

spans as (
    select
        *,
        value - coalesce(previous_value, 0) as increase,
        {{ span_start('previous_month') }} as span_start
    from successive_months
    where is_own
),

both_bases as (
    select
        indicator_code,
        territory_kato as unit_kato,
        period_month,
        'ytd' as basis,
        value,
        cast(null as decimal(18, 4)) as value_printed,
        value as span_value,
        {{ first_of_year('period_month') }} as span_start,
        submission_id,
        received_at
    from spans
    union all
    select
        indicator_code,
        territory_kato as unit_kato,
        period_month,
        'month' as basis,
        case
            when measure_type = 'stock' then value
            else {{ month_from_year_to_date('value') }}
        end as value,
        value_printed,
        case when measure_type = 'stock' then value else increase end as span_value,
        case when measure_type = 'stock' then period_month else span_start end as span_start,
        submission_id,
        received_at
    from spans
),

final as (
    select
        *,
        {{ month_of('period_month') }} - {{ month_of('span_start') }} + 1 as span_months
    from both_bases
)

select * from final

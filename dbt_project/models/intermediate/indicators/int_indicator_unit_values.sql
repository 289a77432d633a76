{{ config(materialized='view') }}

-- Every indicator as a numerator and, for rates, a denominator, per reporting unit: ratios are
-- formed after summing, at each level.
with series as (
    select * from {{ ref('int_indicator_unit_series') }}
),

indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

formulas as (
    select * from {{ ref('stg_contracts__indicator_formulas') }}
),

population as (
    select * from {{ ref('stg_contracts__population') }}
),

counted_indicators as (
    select
        series.indicator_code,
        series.unit_kato,
        series.period_month,
        series.basis,
        series.value as numerator,
        cast(null as decimal(18, 4)) as denominator,
        series.value_printed,
        series.span_value,
        series.span_start,
        series.span_months,
        series.submission_id
    from series
    inner join indicators on series.indicator_code = indicators.indicator_code
    where not indicators.is_derived
),

-- Every component must be known; an inner join alone would drop the unknown ones.
formula_sizes as (
    select
        indicator_code,
        count(*) as components,
        sum(case when role = 'denominator' then 1 else 0 end) as denominators
    from formulas
    group by indicator_code
),

component_values as (
    select
        formulas.indicator_code,
        formulas.role,
        formulas.sign,
        series.unit_kato,
        series.period_month,
        series.basis,
        series.value,
        series.span_start,
        series.span_months,
        series.submission_id
    from formulas
    inner join series on formulas.component_code = series.indicator_code
    where formulas.component_code != 'population'
),

unit_months as (
    select distinct
        indicator_code,
        unit_kato,
        period_month,
        basis
    from component_values
),

population_values as (
    select
        formulas.indicator_code,
        formulas.role,
        formulas.sign,
        unit_months.unit_kato,
        unit_months.period_month,
        unit_months.basis,
        {{ exact('population.population') }} as value,
        cast(null as date) as span_start,
        cast(null as integer) as span_months,
        cast(null as {{ dbt.type_string() }}) as submission_id
    from formulas
    inner join unit_months on formulas.indicator_code = unit_months.indicator_code
    inner join population
        on
            unit_months.unit_kato = population.territory_kato
            and unit_months.period_month = population.period_month
    where formulas.component_code = 'population'
),

components as (
    select * from component_values
    union all
    select * from population_values
),

sums as (
    select
        indicator_code,
        unit_kato,
        period_month,
        basis,
        count(value) as components,
        sum(case when role = 'numerator' then sign * value end) as numerator,
        sum(case when role = 'denominator' then sign * value end) as denominator,
        min(span_start) as span_start,
        max(span_months) as span_months,
        case when min(submission_id) = max(submission_id) then min(submission_id) end
            as submission_id
    from components
    group by indicator_code, unit_kato, period_month, basis
),

derived_indicators as (
    select
        sums.indicator_code,
        sums.unit_kato,
        sums.period_month,
        sums.basis,
        case when sums.components = formula_sizes.components then sums.numerator end
            as numerator,
        case
            when sums.components = formula_sizes.components and formula_sizes.denominators > 0
                then sums.denominator
        end as denominator,
        cast(null as decimal(18, 4)) as value_printed,
        cast(null as decimal(18, 4)) as span_value,
        sums.span_start,
        sums.span_months,
        sums.submission_id
    from sums
    inner join formula_sizes on sums.indicator_code = formula_sizes.indicator_code
),

final as (
    select * from counted_indicators
    union all
    select * from derived_indicators
)

select * from final

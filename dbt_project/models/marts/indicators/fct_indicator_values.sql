with figures as (
    select * from {{ ref('int_indicator_figures') }}
),

growth_rules as (
    select * from {{ ref('stg_contracts__growth_rules') }}
),

breaks as (
    select * from {{ ref('int_indicator_breaks') }}
),

population as (
    select * from {{ ref('stg_contracts__population') }}
),

borders as (
    select * from {{ ref('int_territory_borders') }}
),

figures_in_context as (
    select
        figures.*,
        figures.basis = 'ytd' and coalesce(borders.is_mixed_year, false) as is_mixed_year,
        growth_rules.*,
        breaks.from_month,
        breaks.break_prior_year,
        breaks.break_previous_month,
        breaks.break_inside,
        population.population_date
    from figures
    cross join growth_rules
    left join breaks
        on
            figures.indicator_code = breaks.indicator_code
            and figures.period_month = breaks.period_month
            and figures.basis = breaks.basis
    left join population
        on
            figures.territory_kato = population.territory_kato
            and figures.period_month = population.period_month
    left join borders
        on
            figures.territory_kato = borders.territory_kato
            and figures.period_month = borders.period_month
),

figure_changes as (
    select
        *,
        value_comparable - value_prior_year as change_abs,
        case
            when value_prior_year > 0
                then 100.0 * (value_comparable - value_prior_year) / value_prior_year
        end as change_pct,
        case when is_published then {{ growth_code() }} end as growth_code
    from figures_in_context
),

final as (
    select
        indicator_code,
        territory_kato,
        period_month,
        basis,
        case when is_published then value end as value,
        case when is_published or is_own_submission then cast(numerator as double) end
            as numerator,
        case when is_published or is_own_submission then cast(denominator as double) end
            as denominator,
        case when is_published then value_prior_year end as value_prior_year,
        case when is_published then value_comparable end as value_comparable,
        case when is_published then change_abs end as change_abs,
        case when is_published then change_pct end as change_pct,
        growth_code,
        -- A decimal has no zero below zero.
        cast(
            cast(
                case
                    when growth_code = 'times'
                        then {{ tenths('value_comparable / value_prior_year') }}
                    when growth_code = 'percent' then {{ tenths('change_pct') }}
                    when growth_code in ('points', 'difference') then {{ tenths('change_abs') }}
                end as decimal(18, 1)
            ) as double
        ) as growth_value,
        case
            when
                is_published
                and not is_mixed_year
                and measure_type = 'flow'
                and unit in ('count', 'persons')
                and population_known > 0
                then 100000.0 * value / cast(population_known as double)
        end as per_100k,
        cast(population_known as bigint) as population,
        population_date,
        cast(coalesce(comparable_units, 0) as integer) as comparable_units,
        left_out_units,
        break_prior_year,
        from_month as break_from,
        break_previous_month,
        break_inside,
        case when is_own_submission or is_published then cast(value_printed as double) end
            as value_printed,
        case when is_own_submission or is_fully_covered then cast(span_value as double) end
            as span_value,
        span_start,
        cast(span_months as integer) as span_months,
        status,
        status_reason,
        expected_units,
        received_units,
        on_time_units,
        cast(accepted_units as integer) as accepted_units,
        coverage_share,
        population_coverage_share,
        coalesce(has_warning, false) as has_warning,
        coalesce(has_submission_warning, false) as has_submission_warning,
        form_code,
        submission_id,
        received_at_max
    from figure_changes
)

select * from final
order by indicator_code, basis, period_month, territory_kato

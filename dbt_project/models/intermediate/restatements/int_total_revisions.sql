-- The history of totals and of rates since all of their units had reported: what the published sum
-- was, and which submission changed it. Only figures that a later version of a unit changed.
with versions as (
    select * from {{ ref('int_indicator_versions') }}
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

reporting as (
    select * from {{ ref('int_reporting_units') }}
),

components as (
    select
        indicator_code,
        indicator_code as component_code,
        'numerator' as role,
        1 as sign
    from indicators
    where
        not is_derived
        and territory_aggregation = 'sum'
    union all
    select
        indicator_code,
        component_code,
        role,
        sign
    from formulas
    where component_code != 'population'
),

-- A version that leaves a cell blank makes the total unknown: such totals are left out below.
unit_versions as (
    select
        components.indicator_code,
        versions.territory_kato as unit_kato,
        versions.period_month,
        versions.submission_id,
        versions.version_number,
        versions.received_at,
        count(*) = count(versions.value) as is_known,
        sum(case when components.role = 'numerator' then components.sign * versions.value end)
            as numerator,
        coalesce(
            sum(
                case
                    when components.role = 'denominator' then components.sign * versions.value
                end
            ), 0
        ) as denominator
    from components
    inner join versions on components.component_code = versions.indicator_code
    where versions.basis = 'ytd'
    group by
        components.indicator_code,
        versions.territory_kato,
        versions.period_month,
        versions.submission_id,
        versions.version_number,
        versions.received_at
),

successive_versions as (
    select
        *,
        lag(numerator) over (
            partition by indicator_code, unit_kato, period_month order by version_number
        ) as previous_numerator,
        lag(denominator) over (
            partition by indicator_code, unit_kato, period_month order by version_number
        ) as previous_denominator
    from unit_versions
),

version_steps as (
    select
        *,
        previous_numerator is null as is_first,
        numerator - coalesce(previous_numerator, 0) as numerator_step,
        denominator - coalesce(previous_denominator, 0) as denominator_step,
        previous_numerator is not null
        and (numerator != previous_numerator or denominator != previous_denominator) as is_change
    from successive_versions
),

steps as (
    select
        version_steps.*,
        reporting.territory_kato,
        indicators.formula_scale,
        population_formulas.indicator_code is not null as is_per_head,
        population.population
    from version_steps
    inner join indicators on version_steps.indicator_code = indicators.indicator_code
    inner join reporting
        on
            indicators.form_code = reporting.form_code
            and version_steps.period_month = reporting.period_month
            and version_steps.unit_kato = reporting.unit_kato
    left join formulas as population_formulas
        on
            version_steps.indicator_code = population_formulas.indicator_code
            and population_formulas.component_code = 'population'
    left join population
        on
            version_steps.unit_kato = population.territory_kato
            and version_steps.period_month = population.period_month
    where
        reporting.depth > 0
        or indicators.is_derived
),

restated_totals as (
    select
        indicator_code,
        territory_kato,
        period_month,
        max(case when is_first then received_at end) as complete_at,
        sum(case when is_first then population end) as people
    from steps
    group by indicator_code, territory_kato, period_month
    having
        max(case when is_change then 1 else 0 end) = 1
        and min(case when is_known then 1 else 0 end) = 1
),

running_totals as (
    select
        steps.*,
        restated_totals.complete_at,
        sum(steps.numerator_step) over (
            partition by steps.indicator_code, steps.territory_kato, steps.period_month
            order by steps.received_at, steps.unit_kato, steps.version_number
            rows between unbounded preceding and current row
        ) as total_numerator,
        case
            when steps.is_per_head then {{ exact('restated_totals.people') }}
            else
                sum(steps.denominator_step) over (
                    partition by steps.indicator_code, steps.territory_kato, steps.period_month
                    order by steps.received_at, steps.unit_kato, steps.version_number
                    rows between unbounded preceding and current row
                )
        end as total_denominator,
        row_number() over (
            partition by
                steps.indicator_code,
                steps.territory_kato,
                steps.period_month,
                steps.received_at > restated_totals.complete_at
            order by steps.received_at desc, steps.unit_kato desc, steps.version_number desc
        ) as place_from_end
    from steps
    inner join restated_totals
        on
            steps.indicator_code = restated_totals.indicator_code
            and steps.territory_kato = restated_totals.territory_kato
            and steps.period_month = restated_totals.period_month
),

total_values as (
    select
        *,
        {{ indicator_value('total_numerator', 'total_denominator', 'formula_scale') }} as value
    from running_totals
    where
        (received_at > complete_at and is_change)
        or (received_at <= complete_at and place_from_end = 1)
),

final as (
    select
        indicator_code,
        territory_kato,
        period_month,
        unit_kato,
        submission_id,
        received_at as known_at,
        value,
        numerator as unit_numerator,
        previous_numerator as unit_previous_numerator,
        lag(value) over (
            partition by indicator_code, territory_kato, period_month
            order by received_at, unit_kato, version_number
        ) as previous_value,
        first_value(value) over (
            partition by indicator_code, territory_kato, period_month
            order by received_at, unit_kato, version_number
        ) as first_value,
        row_number() over (
            partition by indicator_code, territory_kato, period_month
            order by received_at, unit_kato, version_number
        ) as revision_number
    from total_values
)

select * from final

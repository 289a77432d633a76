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
told as (
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

followed as (
    select
        *,
        lag(numerator) over (
            partition by indicator_code, unit_kato, period_month order by version_number
        ) as previous_numerator,
        lag(denominator) over (
            partition by indicator_code, unit_kato, period_month order by version_number
        ) as previous_denominator
    from told
),

stepped as (
    select
        *,
        previous_numerator is null as is_first,
        numerator - coalesce(previous_numerator, 0) as numerator_step,
        denominator - coalesce(previous_denominator, 0) as denominator_step,
        previous_numerator is not null
        and (numerator != previous_numerator or denominator != previous_denominator) as is_change
    from followed
),

placed as (
    select
        stepped.*,
        reporting.territory_kato,
        indicators.formula_scale,
        population_formulas.indicator_code is not null as is_per_head,
        population.population
    from stepped
    inner join indicators on stepped.indicator_code = indicators.indicator_code
    inner join reporting
        on
            indicators.form_code = reporting.form_code
            and stepped.period_month = reporting.period_month
            and stepped.unit_kato = reporting.unit_kato
    left join formulas as population_formulas
        on
            stepped.indicator_code = population_formulas.indicator_code
            and population_formulas.component_code = 'population'
    left join population
        on
            stepped.unit_kato = population.territory_kato
            and stepped.period_month = population.period_month
    where
        reporting.depth > 0
        or indicators.is_derived
),

changed as (
    select
        indicator_code,
        territory_kato,
        period_month,
        max(case when is_first then received_at end) as complete_at,
        sum(case when is_first then population end) as people
    from placed
    group by indicator_code, territory_kato, period_month
    having
        max(case when is_change then 1 else 0 end) = 1
        and min(case when is_known then 1 else 0 end) = 1
),

running as (
    select
        placed.*,
        changed.complete_at,
        sum(placed.numerator_step) over (
            partition by placed.indicator_code, placed.territory_kato, placed.period_month
            order by placed.received_at, placed.unit_kato, placed.version_number
            rows between unbounded preceding and current row
        ) as total_numerator,
        case
            when placed.is_per_head then {{ exact('changed.people') }}
            else
                sum(placed.denominator_step) over (
                    partition by placed.indicator_code, placed.territory_kato, placed.period_month
                    order by placed.received_at, placed.unit_kato, placed.version_number
                    rows between unbounded preceding and current row
                )
        end as total_denominator,
        row_number() over (
            partition by
                placed.indicator_code,
                placed.territory_kato,
                placed.period_month,
                placed.received_at > changed.complete_at
            order by placed.received_at desc, placed.unit_kato desc, placed.version_number desc
        ) as place_from_end
    from placed
    inner join changed
        on
            placed.indicator_code = changed.indicator_code
            and placed.territory_kato = changed.territory_kato
            and placed.period_month = changed.period_month
),

valued as (
    select
        *,
        {{ indicator_value('total_numerator', 'total_denominator', 'formula_scale') }} as value
    from running
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
    from valued
)

select * from final

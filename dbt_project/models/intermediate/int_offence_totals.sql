-- Offence measures of units summed to every territory they count towards: one unit says what it
-- says, of several each has to know the measure. Where borders moved inside a territory, its month
-- is the difference of its years to date.
with unit_values as (
    select * from {{ ref('int_offence_unit_values') }}
),

reporting as (
    select * from {{ ref('int_reporting_units') }}
),

warnings as (
    select * from {{ ref('int_offence_warnings') }}
),

borders as (
    select * from {{ ref('int_territory_borders') }}
),

redrawn as (
    select * from {{ ref('int_redrawn_months') }}
),

summed as (
    select
        unit_values.offence_code,
        unit_values.form_code,
        reporting.territory_kato,
        unit_values.period_month,
        unit_values.basis,
        count(unit_values.registered) as units_known,
        sum(case when unit_values.registered is not null then reporting.population end)
            as population_known,
        count(case when unit_values.registered is not null then reporting.population end)
            as units_known_with_population,
        {% for measure in offence_measures() %}
            case
                when
                    count(*) = 1
                    or count(unit_values.{{ measure }}) = count(unit_values.registered)
                    then {{ exact('sum(unit_values.' ~ measure ~ ')') }}
            end as {{ measure }},
        {% endfor %}
        {{ exact(sum_if_complete('unit_values.registered_in_month_reported')) }}
            as registered_in_month_reported,
        case
            when min(unit_values.span_start) = max(unit_values.span_start)
                then min(unit_values.span_start)
        end as span_start,
        max(case when reporting.depth = 0 then reporting.submission_id end) as submission_id,
        max(case when warnings.submission_id is not null then 1 else 0 end) = 1 as has_warning,
        max(
            case
                when
                    unit_values.basis = 'month'
                    and unit_values.registered is null
                    and borders.is_border_month
                    then 1
                else 0
            end
        ) = 1 as is_lost_to_borders,
        max(reporting.received_at) as received_at_max
    from unit_values
    inner join reporting
        on
            unit_values.form_code = reporting.form_code
            and unit_values.period_month = reporting.period_month
            and unit_values.unit_kato = reporting.unit_kato
    left join warnings
        on
            unit_values.offence_code = warnings.offence_code
            and unit_values.submission_id = warnings.submission_id
    left join borders
        on
            unit_values.unit_kato = borders.territory_kato
            and unit_values.period_month = borders.period_month
    group by
        unit_values.offence_code,
        unit_values.form_code,
        reporting.territory_kato,
        unit_values.period_month,
        unit_values.basis
),

differenced as (
    select
        now.offence_code,
        now.form_code,
        now.territory_kato,
        now.period_month,
        {% for measure in offence_flows() %}
            now.{{ measure }} - earlier.{{ measure }} as {{ measure }},
        {% endfor %}
        now.units_known,
        now.population_known,
        now.units_known_with_population
    from redrawn
    inner join summed as now
        on
            redrawn.form_code = now.form_code
            and redrawn.territory_kato = now.territory_kato
            and redrawn.period_month = now.period_month
            and redrawn.reporting_units = now.units_known
    inner join summed as earlier
        on
            now.offence_code = earlier.offence_code
            and redrawn.form_code = earlier.form_code
            and redrawn.territory_kato = earlier.territory_kato
            and redrawn.previous_month = earlier.period_month
            and redrawn.previous_reporting_units = earlier.units_known
    where
        now.basis = 'ytd'
        and earlier.basis = 'ytd'
),

final as (
    select
        summed.offence_code,
        summed.form_code,
        summed.territory_kato,
        summed.period_month,
        summed.basis,
        coalesce(differenced.units_known, summed.units_known) as units_known,
        coalesce(differenced.population_known, summed.population_known) as population_known,
        coalesce(
            differenced.units_known_with_population, summed.units_known_with_population
        ) as units_known_with_population,
        {% for measure in offence_flows() %}
            {{ exact(
                'case when differenced.units_known is null then summed.' ~ measure
                ~ ' else differenced.' ~ measure ~ ' end'
            ) }} as {{ measure }},
        {% endfor %}
        summed.in_production,
        summed.registered_in_month_reported,
        case
            when differenced.units_known is null then summed.span_start
            else summed.period_month
        end as span_start,
        summed.submission_id,
        summed.has_warning,
        summed.is_lost_to_borders,
        summed.received_at_max
    from summed
    left join differenced
        on
            summed.offence_code = differenced.offence_code
            and summed.form_code = differenced.form_code
            and summed.territory_kato = differenced.territory_kato
            and summed.period_month = differenced.period_month
            and summed.basis = 'month'
            -- Less than what the other units add: counts of the redrawn ones were lost on the way.
            and differenced.registered >= coalesce(summed.registered, 0)
)

select * from final

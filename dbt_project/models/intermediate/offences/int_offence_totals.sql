-- Offence measures of units summed to every territory they count towards: one unit says what it
-- says, of several each has to know the measure. Where borders moved inside a territory, its month
-- is the difference of its years to date; without that it has none, and the units whose month is
-- lost still count as having reported.
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

redrawn_units as (
    select * from {{ ref('int_redrawn_units') }}
),

placed as (
    select
        unit_values.*,
        reporting.territory_kato,
        reporting.depth,
        reporting.population,
        reporting.received_at,
        reporting.submission_id as reporting_submission_id,
        unit_values.basis = 'month'
        and unit_values.registered is null
        and coalesce(borders.is_border_month, false) as is_lost_to_borders
    from unit_values
    inner join reporting
        on
            unit_values.form_code = reporting.form_code
            and unit_values.period_month = reporting.period_month
            and unit_values.unit_kato = reporting.unit_kato
    left join borders
        on
            unit_values.unit_kato = borders.territory_kato
            and unit_values.period_month = borders.period_month
),

summed as (
    select
        placed.offence_code,
        placed.form_code,
        placed.territory_kato,
        placed.period_month,
        placed.basis,
        count(case when placed.registered is not null or placed.is_lost_to_borders then 1 end)
            as units_known,
        sum(
            case
                when placed.registered is not null or placed.is_lost_to_borders
                    then placed.population
            end
        ) as population_known,
        count(
            case
                when placed.registered is not null or placed.is_lost_to_borders
                    then placed.population
            end
        ) as units_known_with_population,
        {% for measure in offence_measures() %}
            case
                when
                    count(*) = 1
                    or count(placed.{{ measure }}) = count(placed.registered)
                    then {{ exact('sum(placed.' ~ measure ~ ')') }}
            end as {{ measure }},
        {% endfor %}
        {{ exact(sum_if_complete('placed.registered_in_month_reported')) }}
            as registered_in_month_reported,
        case
            when min(placed.span_start) = max(placed.span_start)
                then min(placed.span_start)
        end as span_start,
        max(case when placed.depth = 0 then placed.reporting_submission_id end) as submission_id,
        max(case when warnings.submission_id is not null then 1 else 0 end) = 1 as has_warning,
        max(case when placed.is_lost_to_borders then 1 else 0 end) = 1 as is_lost_to_borders,
        max(placed.received_at) as received_at_max
    from placed
    left join warnings
        on
            placed.offence_code = warnings.offence_code
            and placed.submission_id = warnings.submission_id
    group by
        placed.offence_code,
        placed.form_code,
        placed.territory_kato,
        placed.period_month,
        placed.basis
),

-- What the redrawn units gained together since the month before; below zero, counts were lost.
gains as (
    select
        placed.offence_code,
        redrawn_units.form_code,
        redrawn_units.territory_kato,
        {% for measure in offence_flows() %}
            sum(
                case
                    when placed.period_month = redrawn_units.period_month
                        then placed.{{ measure }}
                    else -placed.{{ measure }}
                end
            ) as {{ measure }},
        {% endfor %}
        redrawn_units.period_month
    from redrawn_units
    inner join placed
        on
            redrawn_units.form_code = placed.form_code
            and redrawn_units.territory_kato = placed.territory_kato
            and redrawn_units.unit_kato = placed.unit_kato
            and (
                redrawn_units.period_month = placed.period_month
                or redrawn_units.previous_month = placed.period_month
            )
    where placed.basis = 'ytd'
    group by
        placed.offence_code,
        redrawn_units.form_code,
        redrawn_units.territory_kato,
        redrawn_units.period_month
),

differenced as (
    select
        now.offence_code,
        now.form_code,
        now.territory_kato,
        now.period_month,
        {% for measure in offence_flows() %}
            case
                when coalesce(gains.{{ measure }}, 0) >= 0
                    then now.{{ measure }} - earlier.{{ measure }}
            end as {{ measure }},
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
    left join gains
        on
            now.offence_code = gains.offence_code
            and redrawn.form_code = gains.form_code
            and redrawn.territory_kato = gains.territory_kato
            and redrawn.period_month = gains.period_month
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
                'case when differenced.units_known is not null then differenced.' ~ measure
                ~ ' when not summed.is_lost_to_borders then summed.' ~ measure ~ ' end'
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
        summed.is_lost_to_borders and differenced.units_known is null as is_lost_to_borders,
        summed.received_at_max
    from summed
    left join differenced
        on
            summed.offence_code = differenced.offence_code
            and summed.form_code = differenced.form_code
            and summed.territory_kato = differenced.territory_kato
            and summed.period_month = differenced.period_month
            and summed.basis = 'month'
            and differenced.registered >= coalesce(summed.registered, 0)
)

select * from final

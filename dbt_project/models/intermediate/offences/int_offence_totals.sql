{{ config(materialized='view') }}

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

redrawn_months as (
    select * from {{ ref('int_redrawn_months') }}
),

redrawn_units as (
    select * from {{ ref('int_redrawn_units') }}
),

unit_places as (
    select
        unit_values.*,
        reporting.territory_kato,
        reporting.depth,
        reporting.population,
        reporting.received_at,
        reporting.submission_id as reporting_submission_id,
        reporting.whole_kato,
        reporting.whole_returns,
        reporting.expected_units,
        unit_values.basis = 'month'
        and unit_values.registered is null
        and max(case when unit_values.basis = 'ytd' then unit_values.registered end) over (
            partition by
                unit_values.offence_code,
                unit_values.period_month,
                unit_values.unit_kato,
                reporting.territory_kato
        ) is not null
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

-- A unit is known by the returns of its parts when each of them is.
territory_units as (
    select
        *,
        count(case when registered is not null or is_lost_to_borders then 1 end) over (
            partition by offence_code, basis, period_month, territory_kato, whole_kato
        ) = whole_returns as is_counted
    from unit_places
),

territory_sums as (
    select
        territory_units.offence_code,
        territory_units.form_code,
        territory_units.territory_kato,
        territory_units.period_month,
        territory_units.basis,
        {{ known_units('territory_units') }},
        {% for measure in offence_measures() %}
            case
                when max(territory_units.depth) = 0
                    then {{ exact('max(territory_units.' ~ measure ~ ')') }}
                when
                    count(
                        case when territory_units.is_counted then territory_units.{{ measure }} end
                    )
                    = count(
                        case when territory_units.is_counted then territory_units.registered end
                    )
                    then
                        {{ exact(
                            'sum(case when territory_units.is_counted then territory_units.'
                            ~ measure ~ ' end)'
                        ) }}
            end as {{ measure }},
        {% endfor %}
        {{ exact(sum_if_complete('territory_units.registered_in_month_reported')) }}
            as registered_in_month_reported,
        {{ of_one_span('territory_units', 'min(territory_units.span_start)') }} as span_start,
        max(case when territory_units.depth = 0 then territory_units.reporting_submission_id end)
            as submission_id,
        max(case when warnings.submission_id is not null then 1 else 0 end) = 1 as has_warning,
        max(
            case
                when territory_units.is_counted and territory_units.is_lost_to_borders then 1
                else 0
            end
        ) = 1 as is_lost_to_borders,
        max(territory_units.received_at) as received_at_max
    from territory_units
    left join warnings
        on
            territory_units.offence_code = warnings.offence_code
            and territory_units.submission_id = warnings.submission_id
    group by
        territory_units.offence_code,
        territory_units.form_code,
        territory_units.territory_kato,
        territory_units.period_month,
        territory_units.basis
),

{{ redrawn_ctes('offence_code', offence_flows(), 'territory_units', 'territory_sums') }},

month_differences as (
    select
        offence_code,
        form_code,
        territory_kato,
        period_month,
        {% for measure in offence_flows() %}
            case
                when gained_{{ measure }} >= 0 then {{ measure }} - earlier_{{ measure }}
            end as {{ measure }},
        {% endfor %}
        units_known,
        accepted_units,
        population_known,
        units_known_with_population
    from redrawn_totals
),

final as (
    select
        territory_sums.offence_code,
        territory_sums.form_code,
        territory_sums.territory_kato,
        territory_sums.period_month,
        territory_sums.basis,
        {% for people in [
            'units_known', 'accepted_units', 'population_known', 'units_known_with_population'
        ] %}
            coalesce(month_differences.{{ people }}, territory_sums.{{ people }}) as {{ people }},
        {% endfor %}
        {% for measure in offence_flows() %}
            {{ exact(
                'case when month_differences.units_known is not null then month_differences.'
                ~ measure ~ ' when not territory_sums.is_lost_to_borders then territory_sums.'
                ~ measure ~ ' end'
            ) }} as {{ measure }},
        {% endfor %}
        territory_sums.in_production,
        territory_sums.registered_in_month_reported,
        case
            when month_differences.units_known is null then territory_sums.span_start
            else territory_sums.period_month
        end as span_start,
        territory_sums.submission_id,
        territory_sums.has_warning,
        territory_sums.is_lost_to_borders and month_differences.units_known is null
            as is_lost_to_borders,
        territory_sums.received_at_max
    from territory_sums
    left join month_differences
        on
            territory_sums.offence_code = month_differences.offence_code
            and territory_sums.form_code = month_differences.form_code
            and territory_sums.territory_kato = month_differences.territory_kato
            and territory_sums.period_month = month_differences.period_month
            and territory_sums.basis = 'month'
            and month_differences.registered >= coalesce(territory_sums.registered, 0)
)

select * from final

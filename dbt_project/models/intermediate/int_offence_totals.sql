-- Offence measures of units summed to every territory they count towards: one unit says what it
-- says, of several each has to know the measure.
with unit_values as (
    select * from {{ ref('int_offence_unit_values') }}
),

reporting as (
    select * from {{ ref('int_reporting_units') }}
),

warnings as (
    select * from {{ ref('int_offence_warnings') }}
),

final as (
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
    group by
        unit_values.offence_code,
        unit_values.form_code,
        reporting.territory_kato,
        unit_values.period_month,
        unit_values.basis
)

select * from final

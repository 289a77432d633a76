-- Measures of every offence per reporting unit, cumulative and by month (see
-- int_indicator_unit_series for the rule).
with measures as (
    select * from {{ ref('stg_contracts__offence_measures') }}
),

submissions as (
    select * from {{ ref('int_submissions_in_force') }}
),

cells as (
    select * from {{ ref('int_cells_extracted') }}
),

reported as (
    select
        measures.offence_code,
        submissions.territory_kato as unit_kato,
        submissions.form_code,
        submissions.period_month,
        submissions.submission_id,
        {% for measure in offence_measures() %}
            sum(case when measures.measure = '{{ measure }}' then cells.value end)
                as {{ measure }},
        {% endfor %}
        sum(case when measures.measure = 'registered_in_month_reported' then cells.value end)
            as registered_in_month_reported
    from cells
    inner join submissions on cells.submission_id = submissions.submission_id
    inner join measures
        on
            submissions.form_code = measures.form_code
            and cells.section = measures.section
            and cells.line = measures.line
            and cells.graph = measures.graph
    group by
        measures.offence_code,
        submissions.territory_kato,
        submissions.form_code,
        submissions.period_month,
        submissions.submission_id
),

followed as (
    select
        *,
        {% for measure in offence_flows() %}
            lag({{ measure }}) over (
                partition by offence_code, unit_kato, {{ year_of('period_month') }}
                order by period_month
            ) as previous_{{ measure }},
        {% endfor %}
        coalesce(
            {{ add_months(
                'lag(period_month) over (partition by offence_code, unit_kato, '
                ~ year_of('period_month') ~ ' order by period_month)', 1
            ) }},
            {{ first_of_year('period_month') }}
        ) as span_start
    from reported
),

year_to_date as (
    select
        offence_code,
        unit_kato,
        form_code,
        period_month,
        'ytd' as basis,
        submission_id,
        {% for measure in offence_measures() %}
            {{ measure }},
        {% endfor %}
        cast(null as decimal(18, 4)) as registered_in_month_reported,
        {{ first_of_year('period_month') }} as span_start
    from followed
),

months as (
    select
        offence_code,
        unit_kato,
        form_code,
        period_month,
        'month' as basis,
        submission_id,
        {% for measure in offence_flows() %}
            case
                when span_start != period_month then null
                when {{ month_of('period_month') }} = 1 then {{ measure }}
                else {{ measure }} - previous_{{ measure }}
            end as {{ measure }},
        {% endfor %}
        cast(null as decimal(18, 4)) as in_production,
        registered_in_month_reported,
        span_start
    from followed
),

final as (
    select * from year_to_date
    union all
    select * from months
)

select * from final

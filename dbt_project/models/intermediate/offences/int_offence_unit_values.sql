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

borders as (
    select * from {{ ref('int_territory_borders') }}
),

-- Every version at first: joined with the submissions before it is summed, the measures of all of
-- them would be the table to look up, not those of the form.
pivoted as (
    select
        measures.offence_code,
        measures.form_code,
        cells.submission_id,
        {% for measure in offence_measures() %}
            {{ exact("sum(case when measures.measure = '" ~ measure ~ "' then cells.value end)") }}
                as {{ measure }},
        {% endfor %}
        {{ exact(
            "sum(case when measures.measure = 'registered_in_month_reported' then cells.value end)"
        ) }} as registered_in_month_reported
    from cells
    inner join measures
        on
            cells.section = measures.section
            and cells.line = measures.line
            and cells.column_number = measures.column_number
    group by
        measures.offence_code,
        measures.form_code,
        cells.submission_id
),

reported as (
    select
        pivoted.*,
        submissions.territory_kato as unit_kato,
        submissions.period_month,
        borders.borders_from
    from pivoted
    inner join submissions
        on
            pivoted.submission_id = submissions.submission_id
            and pivoted.form_code = submissions.form_code
    left join borders
        on
            submissions.territory_kato = borders.territory_kato
            and submissions.period_month = borders.period_month
),

followed as (
    select
        *,
        {% for measure in offence_flows() %}
            lag({{ measure }}) over (
                partition by
                    offence_code, unit_kato, {{ year_of('period_month') }}, borders_from
                order by period_month
            ) as previous_{{ measure }},
        {% endfor %}
        coalesce(
            {{ add_months(
                'lag(period_month) over (partition by offence_code, unit_kato, '
                ~ year_of('period_month') ~ ', borders_from order by period_month)', 1
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

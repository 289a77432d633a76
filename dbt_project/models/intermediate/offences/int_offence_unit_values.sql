-- Measures of every offence per reporting unit, cumulative and by month (see
-- int_indicator_unit_series for the rule).
with measures as (
    select * from {{ ref('stg_contracts__offence_measures') }}
),

submissions as (
    select * from {{ ref('stg_ledger__submissions') }}
    where is_in_force
),

cells as (
    select * from {{ ref('stg_lake__cells') }}
),

borders as (
    select * from {{ ref('int_territory_borders') }}
),

-- Every version at first: joined with the submissions before it is summed, the measures of all of
-- them would be the table to look up, not those of the form.
submission_offences as (
    select
        measures.offence_code,
        measures.form_code,
        measures.form_version,
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
        measures.form_version,
        cells.submission_id
),

unit_offences as (
    select
        submission_offences.*,
        submissions.territory_kato as unit_kato,
        submissions.period_month,
        borders.borders_from
    from submission_offences
    inner join submissions
        on
            submission_offences.submission_id = submissions.submission_id
            and submission_offences.form_code = submissions.form_code
            and submission_offences.form_version = submissions.form_version
    left join borders
        on
            submissions.territory_kato = borders.territory_kato
            and submissions.period_month = borders.period_month
),

successive_offences as (
    select
        *,
        {% for measure in offence_flows() %}
            lag({{ measure }}) over ({{ within_year('offence_code', 'unit_kato') }})
                as previous_{{ measure }},
        {% endfor %}
        {{ span_start(
            'lag(period_month) over (' ~ within_year('offence_code', 'unit_kato') ~ ')'
        ) }} as span_start
    from unit_offences
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
    from successive_offences
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
            {{ month_from_year_to_date(measure) }} as {{ measure }},
        {% endfor %}
        cast(null as decimal(18, 4)) as in_production,
        registered_in_month_reported,
        span_start
    from successive_offences
),

final as (
    select * from year_to_date
    union all
    select * from months
)

select * from final

with coverage as (
    select * from {{ ref('int_coverage') }}
),

form_months as (
    select
        *,
        {{ share('accepted_units', 'expected_units') }} as coverage_share,
        {{ population_share(
            'accepted_units', 'expected_units', 'population_reported', 'population_expected'
        ) }} as population_coverage_share,
        own_submission_id is not null as is_own_submission,
        nullif(reporting_units, 0) as units_reported
    from coverage
),

final as (
    select
        form_code,
        territory_kato,
        period_month,
        deadline_at,
        expected_units,
        received_units,
        accepted_units,
        on_time_units,
        accepted_units - on_time_units as late_units,
        population_expected,
        population_reported,
        coverage_share,
        population_coverage_share,
        {{ figure_status('units_reported') }} as status,
        missing_units,
        missing_units_kk,
        not_accepted_units,
        not_accepted_units_kk,
        own_submission_id as submission_id,
        received_at_max
    from form_months
)

select * from final

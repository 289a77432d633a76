with coverage as (
    select * from {{ ref('int_coverage') }}
),

measured as (
    select
        *,
        {{ share('accepted_units', 'expected_units') }} as coverage_share,
        least(
            coalesce(
                {{ share('coalesce(population_reported, 0)', 'population_expected') }},
                {{ share('accepted_units', 'expected_units') }}
            ),
            1.0
        ) as population_coverage_share
    from coverage
),

final as (
    select
        form_code,
        territory_kato,
        period_month,
        deadline_date,
        expected_units,
        received_units,
        accepted_units,
        on_time_units,
        received_units - on_time_units as late_units,
        population_expected,
        population_reported,
        coverage_share,
        population_coverage_share,
        withhold_below as withhold_below_share,
        case
            when reporting_units = 0 then 'missing'
            when own_submission_id is not null or accepted_units >= expected_units then 'final'
            when population_coverage_share < withhold_below then 'withheld'
            else 'partial'
        end as status,
        missing_units,
        own_submission_id as submission_id,
        received_at_max
    from measured
)

select * from final

-- Coverage of a form by territory and month, for every territory that waits for a submission
-- or has one.
with unit_coverage as (
    select * from {{ ref('int_unit_coverage') }}
),

reporting as (
    select * from {{ ref('int_reporting_units') }}
),

territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

rules as (
    select * from {{ ref('stg_contracts__coverage_rules') }}
),

expected_counts as (
    select
        unit_coverage.form_code,
        unit_coverage.period_month,
        unit_coverage.territory_kato,
        max(unit_coverage.deadline_at) as deadline_at,
        count(*) as expected_units,
        sum(case when unit_coverage.is_received then 1 else 0 end) as received_units,
        sum(case when unit_coverage.is_covered then 1 else 0 end) as accepted_units,
        sum(case when unit_coverage.is_on_time then 1 else 0 end) as on_time_units,
        {{ sum_if_complete('unit_coverage.population') }} as population_expected,
        {{ units_listed('not_sent', 'ru') }} as missing_units,
        {{ units_listed('not_sent', 'kk') }} as missing_units_kk,
        {{ units_listed('not_accepted', 'ru') }} as not_accepted_units,
        {{ units_listed('not_accepted', 'kk') }} as not_accepted_units_kk
    from unit_coverage
    inner join territories on unit_coverage.unit_kato = territories.territory_kato
    group by
        unit_coverage.form_code,
        unit_coverage.period_month,
        unit_coverage.territory_kato
),

reporting_counts as (
    select
        form_code,
        period_month,
        territory_kato,
        count(*) as reporting_units,
        {{ sum_if_complete('population') }} as population_reported,
        max(case when depth = 0 then submission_id end) as own_submission_id,
        max(received_at) as received_at_max
    from reporting
    group by form_code, period_month, territory_kato
),

territory_months as (
    select
        form_code,
        period_month,
        territory_kato
    from expected_counts
    union distinct
    select
        form_code,
        period_month,
        territory_kato
    from reporting_counts
),

final as (
    select
        territory_months.form_code,
        territory_months.period_month,
        territory_months.territory_kato,
        expected_counts.deadline_at,
        cast(coalesce(expected_counts.expected_units, 0) as integer) as expected_units,
        cast(coalesce(expected_counts.received_units, 0) as integer) as received_units,
        cast(coalesce(expected_counts.accepted_units, 0) as integer) as accepted_units,
        cast(coalesce(expected_counts.on_time_units, 0) as integer) as on_time_units,
        cast(coalesce(reporting_counts.reporting_units, 0) as integer) as reporting_units,
        cast(expected_counts.population_expected as bigint) as population_expected,
        cast(reporting_counts.population_reported as bigint) as population_reported,
        expected_counts.missing_units,
        expected_counts.missing_units_kk,
        expected_counts.not_accepted_units,
        expected_counts.not_accepted_units_kk,
        reporting_counts.own_submission_id,
        reporting_counts.received_at_max,
        rules.shown_from_units,
        rules.shown_from_population,
        rules.final_from_units,
        rules.final_from_population
    from territory_months
    left join expected_counts
        on
            territory_months.form_code = expected_counts.form_code
            and territory_months.period_month = expected_counts.period_month
            and territory_months.territory_kato = expected_counts.territory_kato
    left join reporting_counts
        on
            territory_months.form_code = reporting_counts.form_code
            and territory_months.period_month = reporting_counts.period_month
            and territory_months.territory_kato = reporting_counts.territory_kato
    inner join rules on territory_months.form_code = rules.form_code
)

select * from final

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

expected as (
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

reported as (
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

keys as (
    select
        form_code,
        period_month,
        territory_kato
    from expected
    union distinct
    select
        form_code,
        period_month,
        territory_kato
    from reported
),

final as (
    select
        keys.form_code,
        keys.period_month,
        keys.territory_kato,
        expected.deadline_at,
        cast(coalesce(expected.expected_units, 0) as integer) as expected_units,
        cast(coalesce(expected.received_units, 0) as integer) as received_units,
        cast(coalesce(expected.accepted_units, 0) as integer) as accepted_units,
        cast(coalesce(expected.on_time_units, 0) as integer) as on_time_units,
        cast(coalesce(reported.reporting_units, 0) as integer) as reporting_units,
        cast(expected.population_expected as bigint) as population_expected,
        cast(reported.population_reported as bigint) as population_reported,
        expected.missing_units,
        expected.missing_units_kk,
        expected.not_accepted_units,
        expected.not_accepted_units_kk,
        reported.own_submission_id,
        reported.received_at_max,
        rules.shown_from_units,
        rules.shown_from_population,
        rules.final_from_units,
        rules.final_from_population
    from keys
    left join expected
        on
            keys.form_code = expected.form_code
            and keys.period_month = expected.period_month
            and keys.territory_kato = expected.territory_kato
    left join reported
        on
            keys.form_code = reported.form_code
            and keys.period_month = reported.period_month
            and keys.territory_kato = reported.territory_kato
    inner join rules on keys.form_code = rules.form_code
)

select * from final

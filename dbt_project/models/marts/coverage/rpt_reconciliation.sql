-- The messages are empty here: warehouse.build.findings tells them after the models.
with series as (
    select * from {{ ref('int_indicator_unit_series') }}
),

revisions as (
    select * from {{ ref('int_indicator_revisions') }}
),

parts as (
    select * from {{ ref('int_parts_compared') }}
),

texts as (
    select * from {{ ref('stg_contracts__finding_texts') }}
),

restating_submissions as (
    select distinct
        indicator_code,
        territory_kato,
        submission_id
    from revisions
    where
        revision_number > 1
        and reported_month != period_month
),

printed_months as (
    select
        'PRINTED_MONTH_DIFFERS' as finding_code,
        series.indicator_code,
        series.unit_kato as territory_kato,
        series.period_month,
        'month' as basis,
        series.value_printed as found_value,
        series.value as expected_value,
        series.submission_id,
        series.received_at
    from series
    left join restating_submissions
        on
            series.indicator_code = restating_submissions.indicator_code
            and series.unit_kato = restating_submissions.territory_kato
            and series.submission_id = restating_submissions.submission_id
    where
        series.basis = 'month'
        and series.value != series.value_printed
        and restating_submissions.submission_id is null
),

own_returns as (
    select
        case
            when are_parts_used then 'CONSOLIDATED_DIFFERS_FROM_PARTS'
            else 'PARTS_DIFFER_FROM_CONSOLIDATED'
        end as finding_code,
        indicator_code,
        territory_kato,
        period_month,
        'ytd' as basis,
        value as found_value,
        value_of_parts as expected_value,
        submission_id,
        received_at
    from parts
    where not is_equal
),

found as (
    select * from printed_months
    union all
    select * from own_returns
),

final as (
    select
        found.finding_code,
        found.indicator_code,
        found.territory_kato,
        found.period_month,
        found.basis,
        texts.severity,
        cast(found.found_value as double) as found_value,
        cast(found.expected_value as double) as expected_value,
        cast(found.found_value - found.expected_value as double) as difference,
        cast(null as {{ dbt.type_string() }}) as message_ru,
        cast(null as {{ dbt.type_string() }}) as message_kk,
        cast(null as {{ dbt.type_string() }}) as message_en,
        found.submission_id,
        found.received_at
    from found
    inner join texts on found.finding_code = texts.finding_code
)

select * from final

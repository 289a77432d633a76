-- A territory's own return beside the sum of those of its parts, where all parts reported.
with reported as (
    select * from {{ ref('int_indicator_versions') }}
    where is_in_force
),

parts as (
    select * from {{ ref('int_indicator_parts') }}
),

indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

rules as (
    select * from {{ ref('stg_contracts__coverage_rules') }}
),

final as (
    select
        reported.indicator_code,
        reported.territory_kato,
        reported.period_month,
        reported.submission_id,
        reported.value,
        parts.value as value_of_parts,
        greatest(reported.received_at, parts.received_at) as received_at,
        reported.value = parts.value as is_equal,
        coalesce(rules.where_both_exist = 'districts', false) as are_parts_used
    from reported
    inner join parts
        on
            reported.indicator_code = parts.indicator_code
            and reported.territory_kato = parts.territory_kato
            and reported.period_month = parts.period_month
    inner join indicators on reported.indicator_code = indicators.indicator_code
    left join rules on indicators.form_code = rules.form_code
    where
        reported.basis = 'ytd'
        and reported.value is not null
)

select * from final

-- A territory's own return beside the sum of those of its parts, where all parts reported.
with own_figures as (
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
        own_figures.indicator_code,
        own_figures.territory_kato,
        own_figures.period_month,
        own_figures.submission_id,
        own_figures.value,
        parts.value as value_of_parts,
        greatest(own_figures.received_at, parts.received_at) as received_at,
        own_figures.value = parts.value as is_equal,
        coalesce(rules.where_both_exist = 'districts', false) as are_parts_used
    from own_figures
    inner join parts
        on
            own_figures.indicator_code = parts.indicator_code
            and own_figures.territory_kato = parts.territory_kato
            and own_figures.period_month = parts.period_month
    inner join indicators on own_figures.indicator_code = indicators.indicator_code
    left join rules on indicators.form_code = rules.form_code
    where
        own_figures.basis = 'ytd'
        and own_figures.value is not null
)

select * from final

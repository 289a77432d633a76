-- What the parts of a territory add up to, where every part of it reported.
with reported as (
    select
        reported.indicator_code,
        reported.territory_kato,
        reported.period_month,
        reported.received_at,
        reported.value
    from {{ ref('int_indicator_versions') }} as reported
    inner join {{ ref('stg_contracts__indicators') }} as indicators
        on reported.indicator_code = indicators.indicator_code
    where
        reported.is_in_force
        and reported.basis = 'ytd'
        and reported.value is not null
        and indicators.territory_aggregation = 'sum'
),

territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

periods as (
    select * from {{ ref('stg_contracts__periods') }}
),

expected as (
    select
        territories.parent_kato as territory_kato,
        periods.period_month,
        count(*) as parts
    from territories
    inner join periods
        on
            territories.valid_from <= {{ month_end('periods.period_month') }}
            and (territories.valid_to is null or territories.valid_to >= periods.period_month)
    where territories.parent_kato is not null
    group by territories.parent_kato, periods.period_month
),

summed as (
    select
        reported.indicator_code,
        territories.parent_kato as territory_kato,
        reported.period_month,
        count(*) as parts,
        sum(reported.value) as value,
        max(reported.received_at) as received_at
    from reported
    inner join territories on reported.territory_kato = territories.territory_kato
    group by reported.indicator_code, territories.parent_kato, reported.period_month
),

final as (
    select
        summed.indicator_code,
        summed.territory_kato,
        summed.period_month,
        summed.value,
        summed.received_at
    from summed
    inner join expected
        on
            summed.territory_kato = expected.territory_kato
            and summed.period_month = expected.period_month
            and summed.parts = expected.parts
)

select * from final

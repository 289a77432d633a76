-- A territory's own return beside the sum of those of its parts, where all parts reported.
with series as (
    select * from {{ ref('int_indicator_unit_series') }}
),

indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

own as (
    select
        series.indicator_code,
        series.unit_kato,
        series.period_month,
        series.submission_id,
        series.received_at,
        series.value
    from series
    inner join indicators on series.indicator_code = indicators.indicator_code
    where
        series.basis = 'ytd'
        and series.value is not null
        and indicators.territory_aggregation = 'sum'
),

expected_parts as (
    select
        own.indicator_code,
        own.unit_kato,
        own.period_month,
        count(*) as parts
    from own
    inner join territories on own.unit_kato = territories.parent_kato
    where
        territories.valid_from <= {{ month_end('own.period_month') }}
        and (territories.valid_to is null or territories.valid_to >= own.period_month)
    group by own.indicator_code, own.unit_kato, own.period_month
),

sums as (
    select
        own.indicator_code,
        territories.parent_kato as unit_kato,
        own.period_month,
        count(*) as parts,
        sum(own.value) as value,
        max(own.received_at) as received_at
    from own
    inner join territories on own.unit_kato = territories.territory_kato
    group by own.indicator_code, territories.parent_kato, own.period_month
),

final as (
    select
        own.indicator_code,
        own.unit_kato as territory_kato,
        own.period_month,
        own.submission_id,
        own.value,
        sums.value as value_of_parts,
        greatest(own.received_at, sums.received_at) as received_at,
        own.value = sums.value as is_equal
    from own
    inner join expected_parts
        on
            own.indicator_code = expected_parts.indicator_code
            and own.unit_kato = expected_parts.unit_kato
            and own.period_month = expected_parts.period_month
    inner join sums
        on
            own.indicator_code = sums.indicator_code
            and own.unit_kato = sums.unit_kato
            and own.period_month = sums.period_month
            and expected_parts.parts = sums.parts
)

select * from final

-- What the parts of a territory add up to, where every part of it reported.
with part_figures as (
    select
        versions.indicator_code,
        versions.territory_kato,
        versions.period_month,
        versions.received_at,
        versions.value
    from {{ ref('int_indicator_versions') }} as versions
    inner join {{ ref('stg_contracts__indicators') }} as indicators
        on versions.indicator_code = indicators.indicator_code
    where
        versions.is_in_force
        and versions.basis = 'ytd'
        and versions.value is not null
        and indicators.territory_aggregation = 'sum'
),

territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

periods as (
    select * from {{ ref('stg_contracts__periods') }}
),

part_counts as (
    select
        territories.parent_kato as territory_kato,
        periods.period_month,
        count(*) as parts
    from territories
    inner join periods
        on
            territories.valid_from <= {{ month_end('periods.period_month') }}
            and (
                territories.valid_to is null
                or territories.valid_to >= {{ month_end('periods.period_month') }}
            )
    where territories.parent_kato is not null
    group by territories.parent_kato, periods.period_month
),

part_sums as (
    select
        part_figures.indicator_code,
        territories.parent_kato as territory_kato,
        part_figures.period_month,
        count(*) as parts,
        sum(part_figures.value) as value,
        max(part_figures.received_at) as received_at
    from part_figures
    inner join territories on part_figures.territory_kato = territories.territory_kato
    group by part_figures.indicator_code, territories.parent_kato, part_figures.period_month
),

final as (
    select
        part_sums.indicator_code,
        part_sums.territory_kato,
        part_sums.period_month,
        part_sums.value,
        part_sums.received_at
    from part_sums
    inner join part_counts
        on
            part_sums.territory_kato = part_counts.territory_kato
            and part_sums.period_month = part_counts.period_month
            and part_sums.parts = part_counts.parts
)

select * from final

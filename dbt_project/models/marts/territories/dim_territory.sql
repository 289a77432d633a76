with territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

ancestors as (
    select * from {{ ref('int_territory_ancestors') }}
),

population as (
    select * from {{ ref('stg_contracts__population') }}
),

oblasts as (
    select
        ancestors.territory_kato,
        max(upper_level.territory_kato) as oblast_kato,
        max(upper_level.name_ru) as oblast_name_ru,
        max(upper_level.name_kk) as oblast_name_kk
    from ancestors
    inner join territories as upper_level
        on ancestors.ancestor_kato = upper_level.territory_kato
    where upper_level.territory_level in ('oblast', 'republican_city')
    group by ancestors.territory_kato
),

depths as (
    select
        territory_kato,
        cast(max(depth) as integer) as depth
    from ancestors
    group by territory_kato
),

latest_population as (
    select
        *,
        row_number() over (partition by territory_kato order by period_month desc) as recency
    from population
),

final as (
    select
        territories.territory_kato,
        territories.parent_kato,
        territories.territory_level,
        oblasts.oblast_kato,
        oblasts.oblast_name_ru,
        oblasts.oblast_name_kk,
        depths.depth,
        territories.iso_3166_2,
        territories.name_ru,
        territories.name_kk,
        territories.name_en,
        territories.label_ru,
        territories.label_kk,
        territories.label_en,
        territories.valid_from,
        territories.valid_to,
        territories.valid_to is null as is_current,
        territories.predecessor_kato,
        territories.split_from_kato,
        latest_population.population,
        latest_population.population_date
    from territories
    inner join depths on territories.territory_kato = depths.territory_kato
    left join oblasts on territories.territory_kato = oblasts.territory_kato
    left join latest_population
        on
            territories.territory_kato = latest_population.territory_kato
            and latest_population.recency = 1
)

select * from final

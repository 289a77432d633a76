-- Every district and city below a region, past and present, with the region it lies in today: by
-- the code that followed its own, or by its own while it exists. Empty where nothing followed.
with territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

groups as (
    select * from {{ ref('int_region_groups') }}
),

districts as (
    select
        territories.territory_kato,
        territories.parent_kato,
        territories.valid_from,
        territories.valid_to,
        max(successors.parent_kato) as successor_parent_kato
    from territories
    left join territories as successors
        on
            territories.territory_kato = successors.predecessor_kato
            and successors.valid_to is null
    group by
        territories.territory_kato,
        territories.parent_kato,
        territories.valid_from,
        territories.valid_to
),

final as (
    select
        districts.territory_kato,
        districts.valid_from,
        districts.valid_to,
        groups.group_kato,
        coalesce(
            districts.successor_parent_kato,
            case when districts.valid_to is null then districts.parent_kato end
        ) as region_kato
    from districts
    inner join groups on districts.parent_kato = groups.territory_kato
)

select * from final

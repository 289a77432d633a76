-- Regions of today with those they shared their area with: before the day of the split only the
-- group has a figure of its own.
with territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

regions as (
    select
        territory_kato,
        valid_from,
        split_from_kato,
        coalesce(split_from_kato, territory_kato) as group_kato
    from territories
    where
        territory_level in ('oblast', 'republican_city')
        and valid_to is null
),

changes as (
    select
        group_kato,
        max(case when split_from_kato is not null then valid_from end) as changed_on,
        count(*) as members
    from regions
    group by group_kato
),

final as (
    select
        regions.group_kato,
        regions.territory_kato,
        changes.changed_on,
        changes.members
    from regions
    inner join changes on regions.group_kato = changes.group_kato
)

select * from final

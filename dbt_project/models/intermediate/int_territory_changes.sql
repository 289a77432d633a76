-- Days on which a territory lost area to a new one: figures before and after do not compare.
with territories as (
    select * from {{ ref('stg_contracts__territories') }}
),

final as (
    select distinct
        split_from_kato as territory_kato,
        valid_from as changed_on
    from territories
    where split_from_kato is not null
)

select * from final

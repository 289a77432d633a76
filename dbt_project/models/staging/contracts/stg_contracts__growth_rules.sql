with source as (
    select * from {{ source('contracts', 'growth_rules') }}
),

final as (
    select
        cast(minimal_base as double) as minimal_base,
        cast(times_from as double) as times_from
    from source
)

select * from final

with source as (
    select * from {{ source('contracts', 'restatement_rules') }}
),

final as (
    select
        cast(suspected_factor as double) as suspected_factor,
        cast(suspected_minimum_change as double) as suspected_minimum_change
    from source
)

select * from final

with source as (
    select * from {{ source('contracts', 'periods') }}
),

final as (
    select
        cast(period_month as date) as period_month
    from source
)

select * from final

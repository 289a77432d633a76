with source as (
    select * from {{ source('contracts', 'indicator_absences') }}
),

final as (
    select
        cast(indicator_code as {{ dbt.type_string() }}) as indicator_code,
        cast(from_month as date) as from_month,
        cast(to_month as date) as to_month
    from source
)

select * from final

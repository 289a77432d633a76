with source as (
    select * from {{ source('contracts', 'indicator_formulas') }}
),

final as (
    select
        cast(indicator_code as {{ dbt.type_string() }}) as indicator_code,
        cast(role as {{ dbt.type_string() }}) as role,
        cast(component_code as {{ dbt.type_string() }}) as component_code,
        cast(sign as integer) as sign
    from source
)

select * from final

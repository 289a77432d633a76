with source as (
    select * from {{ source('contracts', 'coverage_rules') }}
),

final as (
    select
        cast(form_code as {{ dbt.type_string() }}) as form_code,
        cast(withhold_below as double) as withhold_below,
        cast(precedence as {{ dbt.type_string() }}) as precedence
    from source
)

select * from final

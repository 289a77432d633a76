with source as (
    select * from {{ source('contracts', 'indicator_sources') }}
),

final as (
    select
        cast(indicator_code as {{ dbt.type_string() }}) as indicator_code,
        cast(form_code as {{ dbt.type_string() }}) as form_code,
        cast(form_version as {{ dbt.type_string() }}) as form_version,
        cast(section as {{ dbt.type_string() }}) as section,
        cast(line as smallint) as line,
        cast(column_number as smallint) as column_number,
        cast(basis as {{ dbt.type_string() }}) as basis,
        cast(sign as integer) as sign
    from source
)

select * from final

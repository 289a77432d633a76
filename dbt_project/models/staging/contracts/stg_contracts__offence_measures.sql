with source as (
    select * from {{ source('contracts', 'offence_measures') }}
),

final as (
    select
        cast(measure as {{ dbt.type_string() }}) as measure,
        cast(offence_code as {{ dbt.type_string() }}) as offence_code,
        cast(form_code as {{ dbt.type_string() }}) as form_code,
        cast(form_version as {{ dbt.type_string() }}) as form_version,
        cast(section as {{ dbt.type_string() }}) as section,
        cast(line as smallint) as line,
        cast(column_number as smallint) as column_number,
        cast(basis as {{ dbt.type_string() }}) as basis
    from source
)

select * from final

with source as (
    select * from {{ source('contracts', 'offences') }}
),

final as (
    select
        cast(offence_code as {{ dbt.type_string() }}) as offence_code,
        cast(line as smallint) as line,
        cast(line_order as integer) as line_order,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to,
        cast(name_ru as {{ dbt.type_string() }}) as name_ru,
        cast(name_kk as {{ dbt.type_string() }}) as name_kk,
        cast(name_en as {{ dbt.type_string() }}) as name_en,
        cast(article as {{ dbt.type_string() }}) as article,
        cast(chapter as integer) as chapter,
        cast(parent_offence_code as {{ dbt.type_string() }}) as parent_offence_code,
        cast(severity as {{ dbt.type_string() }}) as severity,
        cast(offence_kind as {{ dbt.type_string() }}) as offence_kind,
        cast(is_traffic as boolean) as is_traffic,
        cast(is_drugs as boolean) as is_drugs
    from source
)

select * from final

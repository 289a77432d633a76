with source as (
    select * from {{ source('contracts', 'finding_texts') }}
),

final as (
    select
        cast(finding_code as {{ dbt.type_string() }}) as finding_code,
        cast(severity as {{ dbt.type_string() }}) as severity,
        cast(text_ru as {{ dbt.type_string() }}) as text_ru,
        cast(text_kk as {{ dbt.type_string() }}) as text_kk,
        cast(text_en as {{ dbt.type_string() }}) as text_en
    from source
)

select * from final

with source as (
    select * from {{ source('contracts', 'series_breaks') }}
),

final as (
    select
        cast(break_code as {{ dbt.type_string() }}) as break_code,
        cast(indicator_code as {{ dbt.type_string() }}) as indicator_code,
        cast(from_month as date) as from_month,
        cast(settled_month as date) as settled_month,
        cast(is_inherited as boolean) as is_inherited,
        cast(reason_ru as {{ dbt.type_string() }}) as reason_ru,
        cast(reason_kk as {{ dbt.type_string() }}) as reason_kk,
        cast(reason_en as {{ dbt.type_string() }}) as reason_en,
        cast(source_name as {{ dbt.type_string() }}) as source_name,
        cast(note as {{ dbt.type_string() }}) as note,
        cast(is_verified as boolean) as is_verified
    from source
)

select * from final

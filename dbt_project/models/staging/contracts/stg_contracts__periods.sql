with source as (
    select * from {{ source('contracts', 'periods') }}
),

final as (
    select
        cast(period_month as date) as period_month,
        cast(month_name_ru as {{ dbt.type_string() }}) as month_name_ru,
        cast(month_name_kk as {{ dbt.type_string() }}) as month_name_kk,
        cast(month_name_en as {{ dbt.type_string() }}) as month_name_en
    from source
)

select * from final

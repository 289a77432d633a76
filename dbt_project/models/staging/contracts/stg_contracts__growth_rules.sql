with source as (
    select * from {{ source('contracts', 'growth_rules') }}
),

final as (
    select
        cast(minimal_base as double) as minimal_base,
        cast(times_from as double) as times_from,
        cast(no_base_ru as {{ dbt.type_string() }}) as no_base_ru,
        cast(no_base_kk as {{ dbt.type_string() }}) as no_base_kk,
        cast(no_base_en as {{ dbt.type_string() }}) as no_base_en,
        cast(difference_ru as {{ dbt.type_string() }}) as difference_ru,
        cast(difference_kk as {{ dbt.type_string() }}) as difference_kk,
        cast(difference_en as {{ dbt.type_string() }}) as difference_en,
        cast(points_ru as {{ dbt.type_string() }}) as points_ru,
        cast(points_kk as {{ dbt.type_string() }}) as points_kk,
        cast(points_en as {{ dbt.type_string() }}) as points_en,
        cast(percent_ru as {{ dbt.type_string() }}) as percent_ru,
        cast(percent_kk as {{ dbt.type_string() }}) as percent_kk,
        cast(percent_en as {{ dbt.type_string() }}) as percent_en,
        cast(times_ru as {{ dbt.type_string() }}) as times_ru,
        cast(times_kk as {{ dbt.type_string() }}) as times_kk,
        cast(times_en as {{ dbt.type_string() }}) as times_en,
        cast(times_many_ru as {{ dbt.type_string() }}) as times_many_ru,
        cast(times_many_kk as {{ dbt.type_string() }}) as times_many_kk,
        cast(times_many_en as {{ dbt.type_string() }}) as times_many_en,
        cast(unchanged_ru as {{ dbt.type_string() }}) as unchanged_ru,
        cast(unchanged_kk as {{ dbt.type_string() }}) as unchanged_kk,
        cast(unchanged_en as {{ dbt.type_string() }}) as unchanged_en,
        cast(not_comparable_ru as {{ dbt.type_string() }}) as not_comparable_ru,
        cast(not_comparable_kk as {{ dbt.type_string() }}) as not_comparable_kk,
        cast(not_comparable_en as {{ dbt.type_string() }}) as not_comparable_en,
        cast(borders_changed_ru as {{ dbt.type_string() }}) as borders_changed_ru,
        cast(borders_changed_kk as {{ dbt.type_string() }}) as borders_changed_kk,
        cast(borders_changed_en as {{ dbt.type_string() }}) as borders_changed_en,
        cast(across_break_ru as {{ dbt.type_string() }}) as across_break_ru,
        cast(across_break_kk as {{ dbt.type_string() }}) as across_break_kk,
        cast(across_break_en as {{ dbt.type_string() }}) as across_break_en
    from source
)

select * from final

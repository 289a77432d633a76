with source as (
    select * from {{ source('contracts', 'territories') }}
),

final as (
    select
        cast(territory_kato as {{ dbt.type_string() }}) as territory_kato,
        cast(parent_kato as {{ dbt.type_string() }}) as parent_kato,
        cast(territory_level as {{ dbt.type_string() }}) as territory_level,
        cast(iso_3166_2 as {{ dbt.type_string() }}) as iso_3166_2,
        cast(name_ru as {{ dbt.type_string() }}) as name_ru,
        cast(name_kk as {{ dbt.type_string() }}) as name_kk,
        cast(name_en as {{ dbt.type_string() }}) as name_en,
        cast(label_ru as {{ dbt.type_string() }}) as label_ru,
        cast(label_kk as {{ dbt.type_string() }}) as label_kk,
        cast(label_en as {{ dbt.type_string() }}) as label_en,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to,
        cast(predecessor_kato as {{ dbt.type_string() }}) as predecessor_kato,
        cast(split_from_kato as {{ dbt.type_string() }}) as split_from_kato
    from source
)

select * from final

with source as (
    select * from {{ source('contracts', 'indicators') }}
),

final as (
    select
        cast(indicator_code as {{ dbt.type_string() }}) as indicator_code,
        cast(form_code as {{ dbt.type_string() }}) as form_code,
        cast(parent_code as {{ dbt.type_string() }}) as parent_code,
        cast(dimension as {{ dbt.type_string() }}) as dimension,
        cast(domain as {{ dbt.type_string() }}) as domain,
        cast(name_ru as {{ dbt.type_string() }}) as name_ru,
        cast(name_kk as {{ dbt.type_string() }}) as name_kk,
        cast(name_en as {{ dbt.type_string() }}) as name_en,
        cast(unit as {{ dbt.type_string() }}) as unit,
        cast(measure_type as {{ dbt.type_string() }}) as measure_type,
        cast(territory_aggregation as {{ dbt.type_string() }}) as territory_aggregation,
        cast(time_aggregation as {{ dbt.type_string() }}) as time_aggregation,
        cast(iccs_code as {{ dbt.type_string() }}) as iccs_code,
        cast(article as {{ dbt.type_string() }}) as article,
        cast(formula_scale as double) as formula_scale,
        cast(formula_version as {{ dbt.type_string() }}) as formula_version,
        cast(is_derived as boolean) as is_derived,
        cast(is_verified as boolean) as is_verified,
        cast(is_ranked as boolean) as is_ranked
    from source
)

select * from final

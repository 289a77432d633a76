with source as (
    select * from {{ source('contracts', 'coverage_rules') }}
),

final as (
    select
        cast(form_code as {{ dbt.type_string() }}) as form_code,
        cast(shown_from_units as double) as shown_from_units,
        cast(shown_from_population as double) as shown_from_population,
        cast(final_from_units as double) as final_from_units,
        cast(final_from_population as double) as final_from_population,
        cast(where_both_exist as {{ dbt.type_string() }}) as where_both_exist
    from source
)

select * from final

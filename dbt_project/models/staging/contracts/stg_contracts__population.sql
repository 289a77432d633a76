with source as (
    select * from {{ source('contracts', 'population') }}
),

final as (
    select
        cast(territory_kato as {{ dbt.type_string() }}) as territory_kato,
        cast(period_month as date) as period_month,
        cast(population as bigint) as population,
        cast(population_date as date) as population_date,
        cast(population_quality as {{ dbt.type_string() }}) as population_quality
    from source
)

select * from final

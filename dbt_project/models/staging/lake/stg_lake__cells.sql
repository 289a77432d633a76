with source as (
    select * from {{ source('lake', 'cells') }}
),

final as (
    select
        cast(submission_id as {{ dbt.type_string() }}) as submission_id,
        cast(territory_kato as {{ dbt.type_string() }}) as territory_kato,
        cast(section as {{ dbt.type_string() }}) as section,
        cast(line as smallint) as line,
        cast(graph as smallint) as column_number,
        cast(value as decimal(18, 4)) as value
    from source
)

select * from final

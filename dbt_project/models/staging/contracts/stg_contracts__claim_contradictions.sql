with source as (
    select * from {{ source('contracts', 'claim_contradictions') }}
),

final as (
    select
        cast(contradiction_number as integer) as contradiction_number,
        cast(contradiction_code as {{ dbt.type_string() }}) as contradiction_code,
        cast(severity as {{ dbt.type_string() }}) as severity,
        cast(claim_ids as {{ dbt.type_string() }}) as claim_ids,
        cast(message_ru as {{ dbt.type_string() }}) as message_ru,
        cast(message_kk as {{ dbt.type_string() }}) as message_kk,
        cast(message_en as {{ dbt.type_string() }}) as message_en
    from source
)

select * from final

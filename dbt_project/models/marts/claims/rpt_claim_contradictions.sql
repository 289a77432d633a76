with contradictions as (
    select * from {{ ref('stg_contracts__claim_contradictions') }}
),

final as (
    select
        contradiction_number,
        contradiction_code,
        severity,
        claim_ids,
        message_ru,
        message_kk,
        message_en
    from contradictions
)

select * from final

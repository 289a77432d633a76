with offences as (
    select * from {{ ref('stg_contracts__offences') }}
),

final as (
    select
        offence_code,
        line,
        line_order,
        valid_from,
        valid_to,
        parent_offence_code,
        name_ru,
        name_kk,
        name_en,
        article,
        chapter,
        offence_kind,
        severity,
        coalesce(severity = 'misdemeanour', false) as is_misdemeanour,
        coalesce(severity in ('grave', 'especially_grave'), false) as is_grave_or_worse,
        offence_kind in ('total', 'severity', 'breakdown', 'chapter') as is_total,
        is_traffic,
        is_drugs
    from offences
)

select * from final

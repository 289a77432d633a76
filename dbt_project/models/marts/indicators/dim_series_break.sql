with breaks as (
    select * from {{ ref('stg_contracts__series_breaks') }}
),

final as (
    select
        break_code,
        indicator_code,
        from_month,
        settled_month,
        reason_ru,
        reason_kk,
        reason_en,
        source_name,
        note,
        is_inherited,
        is_verified
    from breaks
)

select * from final

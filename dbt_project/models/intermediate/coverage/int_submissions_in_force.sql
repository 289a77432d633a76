with submissions as (
    select * from {{ ref('stg_ledger__submissions') }}
),

final as (
    select
        submission_id,
        form_code,
        territory_kato,
        period_month,
        received_at,
        verdict
    from submissions
    where is_in_force
)

select * from final

-- The units that the submissions in force speak for.
with versions as (
    select * from {{ ref('int_submission_versions') }}
),

final as (
    select
        submission_id,
        form_code,
        territory_kato,
        period_month,
        received_at,
        verdict
    from versions
    where is_in_force
)

select * from final

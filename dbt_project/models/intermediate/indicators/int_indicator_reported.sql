-- What the submissions in force say.
with versions as (
    select * from {{ ref('int_indicator_versions') }}
),

final as (
    select
        indicator_code,
        territory_kato,
        period_month,
        basis,
        submission_id,
        received_at,
        value
    from versions
    where is_in_force
)

select * from final

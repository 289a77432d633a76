with revisions as (
    select * from {{ ref('int_indicator_revisions') }}
),

counted as (
    select
        *,
        max(revision_number) over (
            partition by indicator_code, territory_kato, period_month
        ) as revisions_in_all
    from revisions
),

final as (
    select
        indicator_code,
        territory_kato,
        period_month,
        cast(revision_number as integer) as revision_number,
        cast(value as double) as value,
        cast(
            12 * ({{ year_of('known_at') }} - {{ year_of('period_month') }})
            + {{ month_of('known_at') }} - {{ month_of('period_month') }} as integer
        ) as months_after,
        submission_id,
        known_at as received_at,
        revision_number = revisions_in_all as is_latest
    from counted
    where revisions_in_all > 1
)

select * from final

with own_revisions as (
    select
        indicator_code,
        territory_kato,
        period_month,
        revision_number,
        value,
        known_at,
        submission_id
    from {{ ref('int_indicator_revisions') }}
),

total_revisions as (
    select
        total_revisions.indicator_code,
        total_revisions.territory_kato,
        total_revisions.period_month,
        total_revisions.revision_number,
        total_revisions.value,
        total_revisions.known_at,
        total_revisions.submission_id
    from {{ ref('int_total_revisions') }} as total_revisions
    left join own_revisions
        on
            total_revisions.indicator_code = own_revisions.indicator_code
            and total_revisions.territory_kato = own_revisions.territory_kato
            and total_revisions.period_month = own_revisions.period_month
            and own_revisions.revision_number = 1
    where own_revisions.indicator_code is null
),

revisions as (
    select * from own_revisions
    union all
    select * from total_revisions
),

numbered_revisions as (
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
    from numbered_revisions
    where revisions_in_all > 1
)

select * from final
